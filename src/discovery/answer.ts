import { isInSubnet, type Subnet } from '../model/subnet.ts';
import { canonical, reversedAddress } from './names.ts';
import type { Asker } from './record.ts';
import { findLink, isInside, resolve } from './resolve.ts';
import type { Zone } from './zone.ts';

/** What a DNS query asks. */
export interface Question {
  /** As it was asked. */
  readonly name: string;
  readonly type: number;
  readonly class: number;
}

export type Answer =
  | { readonly kind: 'addresses'; readonly addresses: readonly string[] }
  | { readonly kind: 'names'; readonly names: readonly string[] }
  /** The name is there, but nothing of what is asked for (NOERROR). */
  | { readonly kind: 'nothing' }
  /** There is no such name (NXDOMAIN). */
  | { readonly kind: 'unknown' }
  /** Ask these; none: those of the host. */
  | { readonly kind: 'forward'; readonly servers: readonly string[] }
  | { readonly kind: 'refuse' };

export interface AnswerContext {
  readonly zone: Zone;
  /** The grid's. */
  readonly subnet: Subnet;
  /** By address. */
  readonly askers: ReadonlyMap<string, Asker>;
  /** Whether this is an address of the host itself. */
  readonly isHost: (address: string) => boolean;
  /** In [0, 1). */
  readonly random: () => number;
}

const TYPE = { a: 1, ptr: 12, any: 255 } as const;
const INTERNET = 1;

/** What to answer to whom. Nobody from outside of the grid is answered anything: this is no open resolver. */
export function answer(question: Question, from: string, context: AnswerContext): Answer {
  const { zone, subnet, askers } = context;
  if (!isInSubnet(from, subnet) && !isOfHost(from, context)) return { kind: 'refuse' };
  if (question.class !== INTERNET) return { kind: 'refuse' };
  const name = canonical(question.name);
  const asker = askers.get(from) ?? null;
  const address = reversedAddress(name);
  if (address !== null && isInSubnet(address, subnet))
    return answerReverse(question.type, address, zone);
  const resolved = resolve(zone, name, asker);
  if (resolved !== null) {
    if (question.type !== TYPE.a && question.type !== TYPE.any) return { kind: 'nothing' };
    const { node, answers } = resolved;
    const addresses = node === null ? answers.map(({ record }) => record.address) : [node.address];
    return addresses.length === 0
      ? { kind: 'nothing' }
      : { kind: 'addresses', addresses: shuffle([...new Set(addresses)], context.random) };
  }
  if (zone.hasBelow(name)) return { kind: 'nothing' };
  const isOwn = asker !== null && findLink(zone, name, asker) !== null;
  if (isOwn || isInside(name)) return { kind: 'unknown' };
  return { kind: 'forward', servers: asker?.servers ?? [] };
}

/**
 * What the host itself asks at its address in the overlay seems to come from any other address of it: the engine masquerades
 * everything from the subnet that leaves by another device than the bridge, and that is the loopback device here.
 */
function isOfHost(address: string, { isHost }: AnswerContext): boolean {
  return isLoopback(address) || isHost(address);
}

export function isLoopback(address: string): boolean {
  return address.startsWith('127.');
}

function answerReverse(type: number, address: string, zone: Zone): Answer {
  const { entries, node } = zone.at(address);
  const names = [
    ...entries.map(
      ({ record: { service, number, stack } }) =>
        `${canonical(`${service}-${number}.${stack}`)}.${zone.domain}`,
    ),
    ...(node === null ? [] : [`${canonical(node.name)}.node.${zone.domain}`]),
  ];
  if (names.length === 0) return { kind: 'unknown' };
  const isAsked = type === TYPE.ptr || type === TYPE.any;
  return isAsked ? { kind: 'names', names } : { kind: 'nothing' };
}

/** Fisher and Yates. Clients take the first one, so every client would take the same without it. */
function shuffle<T>(items: readonly T[], random: () => number): readonly T[] {
  const mixed = [...items];
  for (let index = mixed.length - 1; index > 0; index -= 1) {
    const other = Math.floor(random() * (index + 1));
    const [a, b] = [mixed[index], mixed[other]];
    if (a === undefined || b === undefined) continue;
    mixed[index] = b;
    mixed[other] = a;
  }
  return mixed;
}
