import type { AssignedInstance } from '../model/assignment.ts';
import type { TakenPort } from '../model/host-report.ts';
import type { ObservedInstance } from '../model/observed.ts';
import type { PortBinding } from '../model/spec.ts';

/** Whoever listens there may have stopped long ago: after this time, in milliseconds, an instance may try again. */
const HOLD = 3_600_000;

/** How the system says it. Of a port that a container has Docker says "already allocated", and such ports are listed. */
const inUse = /address already in use|EADDRINUSE/i;

/**
 * Ports on which something of the host listens that is no container. Docker does not know of them before it is to start a
 * container that publishes one, so they are remembered for a while.
 */
export class RefusedPorts {
  readonly #publishAddress: string;
  readonly #known = new Map<string, { readonly taken: TakenPort; readonly at: number }>();

  constructor(publishAddress: string) {
    this.#publishAddress = publishAddress;
  }

  /** What an instance shows by now. Says whether that is news. */
  notice(instance: AssignedInstance, observed: ObservedInstance, now: number): boolean {
    const { current, attempt } = observed;
    const ports = instance.spec.ports.map((binding) => this.#taken(binding));
    if (current?.running === true && current.specHash === instance.specHash)
      return ports.filter((taken) => this.#known.delete(keyOf(taken))).length > 0;
    const failure = attempt?.failure ?? null;
    if (failure?.code !== 'port-taken' || !inUse.test(failure.message)) return false;
    let isNews = false;
    for (const taken of ports.filter((one) => isMeant(one, failure.message))) {
      isNews ||= !this.#known.has(keyOf(taken));
      this.#known.set(keyOf(taken), { taken, at: now });
    }
    return isNews;
  }

  list(now: number): readonly TakenPort[] {
    for (const [key, { at }] of this.#known) if (now - at >= HOLD) this.#known.delete(key);
    return [...this.#known.values()].map(({ taken }) => taken);
  }

  #taken({ ip, nodePort, protocol }: PortBinding): TakenPort {
    const address = ip ?? this.#publishAddress;
    return {
      address: address === '' ? '0.0.0.0' : address,
      port: nodePort,
      protocol,
      container: null,
    };
  }
}

function keyOf({ address, port, protocol }: TakenPort): string {
  return `${address} ${port} ${protocol}`;
}

/** Each version of Docker has words of its own for it, but all of them name the port, and most the protocol. */
function isMeant({ port, protocol }: TakenPort, message: string): boolean {
  const isNamed = new RegExp(`:${port}(?!\\d)`).test(message);
  const named = /\b(?:tcp|udp|sctp)/.exec(message)?.[0];
  return isNamed && (named === undefined || named === protocol);
}
