import { createHash } from 'node:crypto';
import { attempt, run } from './command.ts';
import { Namespaces } from './namespaces.ts';

/** What a host's cable needs to be told. */
export interface Plug {
  /** The host's number: its port is `p<number>`. */
  readonly number: number;
  /** The first process of the host's network namespace. */
  readonly pid: number;
  readonly segment: string;
  /** The interface's name inside the host. */
  readonly device: string;
}

export const OUTSIDE = 'br0';

/**
 * The wires between the hosts: bridges in a network namespace of their own, because one among the machine's own interfaces
 * would send every frame through the firewall of the machine's engine. The machine itself is on the outside segment.
 */
export class Lan {
  readonly #namespaces: Namespaces;
  readonly #cable: string;
  readonly #mtu: number;

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
    await lan.addSegment(OUTSIDE);
    await lan.#plugMachine(of.addresses);
    return lan;
  }

  async addSegment(name: string): Promise<void> {
    await this.#ip([
      `link add ${name} type bridge stp_state 0 forward_delay 0 mcast_snooping 0`,
      `link set ${name} mtu ${this.#mtu} up`,
    ]);
  }

  async plug({ number, pid, segment, device }: Plug): Promise<void> {
    const port = portOf(number, device);
    const mtu = `mtu ${this.#mtu}`;
    const peer = `peer name ${device} address ${macOf(port)} ${mtu} netns ${pid}`;
    await this.#ip([
      `link add ${port} ${mtu} type veth ${peer}`,
      `link set ${port} master ${segment} up`,
    ]);
  }

  /** The kernel does it with the host's namespace, but at a time of its own. */
  async unplug(number: number, device: string): Promise<void> {
    await attempt(this.enter(['ip', 'link', 'del', portOf(number, device)]));
  }

  async move(number: number, device: string, segment: string): Promise<void> {
    await this.#ip([`link set ${portOf(number, device)} master ${segment}`]);
  }

  async setPort(number: number, device: string, state: 'up' | 'down'): Promise<void> {
    await this.#ip([`link set ${portOf(number, device)} ${state}`]);
  }

  /** A command line that runs `args` where all ports are. */
  enter(args: readonly string[]): readonly string[] {
    return this.#namespaces.enter(args);
  }

  async end(): Promise<void> {
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

export function portOf(number: number, device: string): string {
  return `p${number}-${device}`;
}

async function ip(command: readonly string[], lines: readonly string[]): Promise<void> {
  await run(command, { input: `${lines.join('\n')}\n` });
}
