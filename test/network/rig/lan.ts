import { createHash } from 'node:crypto';
import { Capture } from './capture.ts';
import { attempt, run } from './command.ts';
import { Namespaces } from './namespaces.ts';

/** One end of a cable; the other one is a host's interface. */
export interface Port {
  readonly number: number;
  /** The interface's name inside the host. */
  readonly device: string;
}

export const OUTSIDE = 'br0';
/** A new port passes frames at once. */
const QUIET = 'stp_state 0 forward_delay 0 mcast_snooping 0';

/**
 * The wires between the hosts: bridges in a network namespace of their own, because one among the machine's own interfaces
 * would send every frame through the firewall of the machine's engine. The machine itself is on the outside segment.
 */
export class Lan {
  readonly #namespaces: Namespaces;
  readonly #cable: string;
  readonly #mtu: number;
  readonly #segments: string[] = [];
  readonly #captures: Capture[] = [];

  private constructor(namespaces: Namespaces, cable: string, mtu: number) {
    this.#namespaces = namespaces;
    this.#cable = cable;
    this.#mtu = mtu;
  }

  static async start(of: {
    readonly cable: string;
    readonly addresses: readonly string[];
    readonly mtu: number;
    readonly env: Readonly<Record<string, string>>;
  }): Promise<Lan> {
    const init = ['sh', '-c', 'echo ready; exec sleep infinity >/dev/null'];
    const namespaces = await Namespaces.start({ kinds: ['net'], init, env: of.env });
    const lan = new Lan(namespaces, of.cable, of.mtu);
    await lan.addSegment();
    await lan.#plugMachine(of.addresses);
    return lan;
  }

  /** One more bridge; resolves to its name. */
  async addSegment(): Promise<string> {
    const number = this.#segments.length;
    const name = `br${number}`;
    this.#segments.push(name);
    await this.#ip([
      // With an address of its own: one that changes with the ports would make it forget its neighbours.
      `link add ${name} address ${macOf(name)} type bridge ${QUIET}`,
      `link set ${name} mtu ${this.#mtu} up`,
      `addr add 169.254.${number}.1/24 dev ${name}`,
      `neigh add ${nobodyOn(number)} lladdr 02:00:00:00:00:02 dev ${name} nud permanent`,
    ]);
    return name;
  }

  /** Listens on a host's port. */
  async capture(port: Port, segment: string, filter: string): Promise<Capture> {
    const nobody = nobodyOn(this.#segments.indexOf(segment));
    const enter = (args: readonly string[]) => this.enter(args);
    const capture = await Capture.start({ enter, port: portOf(port), filter, nobody });
    this.#captures.push(capture);
    return capture;
  }

  /** A cable from a segment to the network namespace of a process. */
  async plug(port: Port, segment: string, pid: number): Promise<void> {
    const name = portOf(port);
    const mtu = `mtu ${this.#mtu}`;
    const peer = `peer name ${port.device} address ${macOf(name)} ${mtu} netns ${pid}`;
    await this.#ip([
      `link add ${name} ${mtu} type veth ${peer}`,
      `link set ${name} master ${segment} up`,
    ]);
  }

  /** The kernel does it with the host's namespace, but at a time of its own. */
  async unplug(port: Port): Promise<void> {
    await attempt(this.enter(['ip', 'link', 'del', portOf(port)]));
  }

  async move(port: Port, segment: string): Promise<void> {
    await this.#ip([`link set ${portOf(port)} master ${segment}`]);
  }

  async setPort(port: Port, state: 'up' | 'down'): Promise<void> {
    await this.#ip([`link set ${portOf(port)} ${state}`]);
  }

  /** A command line that runs `args` where all ports are. */
  enter(args: readonly string[]): readonly string[] {
    return this.#namespaces.enter(args);
  }

  async end(): Promise<void> {
    await Promise.all(this.#captures.map(async (capture) => await capture.abort()));
    await attempt(['ip', 'link', 'del', this.#cable]);
    await this.#namespaces.end();
  }

  async #plugMachine(addresses: readonly string[]): Promise<void> {
    const mtu = this.#mtu;
    await ip(
      ['ip', '-batch', '-'],
      [
        `link add ${this.#cable} mtu ${mtu} type veth peer name machine mtu ${mtu} netns ${this.#namespaces.pid}`,
        ...addresses.map((address) => addressLine(address, this.#cable)),
        `link set ${this.#cable} up`,
      ],
    );
    await this.#ip([`link set machine master ${OUTSIDE} up`]);
  }

  async #ip(lines: readonly string[]): Promise<void> {
    await ip(this.enter(['ip', '-batch', '-']), lines);
  }
}

/** Duplicate address detection would make an IPv6 address unusable for its first second. */
export function addressLine(address: string, device: string): string {
  return `addr add ${address} dev ${device}${address.includes(':') ? ' nodad' : ''}`;
}

/** A network card keeps its address over a reboot, and neighbours remember it. */
function macOf(port: string): string {
  const digest = createHash('sha256').update(port).digest('hex').slice(0, 10);
  return `02:${digest.match(/../g)?.join(':')}`;
}

function portOf({ number, device }: Port): string {
  return `p${number}-${device}`;
}

/** An address that no host has: what is sent to it leaves by all ports of the segment. */
function nobodyOn(segment: number): string {
  return `169.254.${segment}.2`;
}

async function ip(command: readonly string[], lines: readonly string[]): Promise<void> {
  await run(command, { input: `${lines.join('\n')}\n` });
}
