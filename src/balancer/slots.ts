import { isIP } from 'node:net';
import { compareText } from '../model/identity.ts';
import type { Upstream } from './upstream.ts';

/**
 * HAProxy's servers are made when it reads its configuration; what changes without reading it again is where they lead to. So
 * each backend has more of them than it needs, and containers come and go in these slots.
 */
export interface Slot {
  readonly container: string;
  readonly address: string;
  readonly port: number;
  readonly state: 'ready' | 'drain';
}

export type Slots = readonly (Slot | null)[];

const least = 4;

/**
 * Who has a slot keeps it; who is new gets the first that is free. Where none is, there are twice as many: which is rare
 * enough to read the configuration again for it.
 */
export function fillSlots(before: Slots, upstreams: readonly Upstream[], port: number): Slots {
  const wanted = new Map<string, Slot>();
  for (const upstream of upstreams.toSorted((a, b) => compareText(a.container, b.container))) {
    const slot = toSlot(upstream, port);
    if (slot !== null) wanted.set(slot.container, slot);
  }
  const slots: (Slot | null)[] = [];
  for (const slot of before) {
    const kept = slot === null ? undefined : wanted.get(slot.container);
    slots.push(kept ?? null);
    if (kept !== undefined) wanted.delete(kept.container);
  }
  const free = slots.length - count(slots);
  const needed = free < wanted.size ? count(slots) + wanted.size : 0;
  const size = capacity(before.length, needed);
  while (slots.length < size) slots.push(null);
  let at = 0;
  for (const slot of wanted.values()) {
    while (slots[at] !== null) at++;
    slots[at] = slot;
  }
  return slots;
}

/** One that is not ready yet has no slot; one that is on its way out keeps it. */
function toSlot(upstream: Upstream, fallback: number): Slot | null {
  const { container, address, port, ready, draining } = upstream;
  if (isIP(address) === 0 || (!ready && !draining)) return null;
  return { container, address, port: port ?? fallback, state: draining ? 'drain' : 'ready' };
}

/** A rollout starts one container before it stops another: there is room for that. */
function capacity(before: number, needed: number): number {
  const atLeast = Math.max(before, least);
  return needed === 0 ? atLeast : Math.max(atLeast, 2 ** Math.ceil(Math.log2(needed + 1)));
}

function count(slots: readonly (Slot | null)[]): number {
  return slots.filter((slot) => slot !== null).length;
}
