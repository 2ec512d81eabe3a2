import { existsSync } from 'node:fs';
import path from 'node:path';
import type { Image } from '../image/archive.ts';
import type { Capture } from './capture.ts';
import { type Claim, claim } from './claim.ts';
import { Host } from './host.ts';
import { Lan, OUTSIDE } from './lan.ts';
import { cableOf, cgroupOf, leftovers, MARK, removeLeftovers } from './leftovers.ts';
import { type MasterOptions, RigMaster } from './master.ts';
import { hide, INSIDE, type NatOptions } from './nat.ts';
import { reasonAgainstRig } from './requirements.ts';
import { type Datagram, disguise, sendFrom } from './stranger.ts';

export interface RigOptions extends Partial<Claim> {
  /** Of the LAN; by default 1500. */
  readonly mtu?: number;
  /** Whether containers survive their engine, as on hosts that are set up well. Swarm does not work with it. */
  readonly liveRestore?: boolean;
  /** Further options of dockerd. */
  readonly engineArgs?: readonly string[];
  /** `v2`: hosts see only the unified hierarchy, whatever the machine has. */
  readonly cgroups?: 'machine' | 'v2';
}

/** The machine's own number on the LAN: masters and tests listen there. */
const MACHINE = 254;
/** Hosts without Docker are numbered down from here. */
const LAST_GUEST = 253;

const HAS_IPV6 = existsSync('/proc/net/if_inet6');

/** Docker hosts on this machine, on a LAN of their own. */
export class Rig {
  readonly claim: Claim;
  readonly #options: RigOptions;
  readonly #lan: Lan;
  readonly #hosts: Host[] = [];
  readonly #guests: Host[] = [];
  readonly #masters: RigMaster[] = [];
  #stranger: Promise<Host> | null = null;

  private constructor(own: Claim, lan: Lan, options: RigOptions) {
    this.claim = own;
    this.#lan = lan;
    this.#options = options;
  }

  /** Starts `count` hosts, h1 to h<count>, on 10.76.<n>.1 and up. */
  static async up(count: number, options: RigOptions = {}): Promise<Rig> {
    const reason = reasonAgainstRig();
    if (reason !== null) throw new Error(`no hosts on this machine: ${reason}`);
    const own = await claim(identity(options));
    const addresses = [`${own.net}.${MACHINE}/24`];
    if (HAS_IPV6) addresses.push(`${address6(own, MACHINE)}/64`);
    const env = { [MARK]: own.directory };
    const lan = await Lan.start({ cable: cableOf(own), addresses, env, mtu: options.mtu ?? 1500 });
    const rig = new Rig(own, lan, options);
    try {
      await Promise.all(Array.from({ length: count }, async () => await rig.addHost()));
    } catch (error) {
      await rig.down();
      throw error;
    }
    return rig;
  }

  get hosts(): readonly Host[] {
    return this.#hosts;
  }

  /** A host by its number, from 1. */
  host(number: number): Host {
    const host = this.#hosts[number - 1];
    if (host === undefined) throw new Error(`the rig has no host ${number}`);
    return host;
  }

  /** Where this machine is on the LAN. */
  get address(): string {
    return `${this.claim.net}.${MACHINE}`;
  }

  get address6(): string {
    return address6(this.claim, MACHINE);
  }

  /** One more host, booted. */
  async addHost(): Promise<Host> {
    const number = this.#hosts.length + 1;
    const host = this.#newHost(number, `h${number}`, true);
    this.#hosts.push(host);
    await host.boot();
    return host;
  }

  /** A machine on the LAN that is no Docker host: somebody's laptop, or a stranger. */
  async addGuest(): Promise<Host> {
    const number = LAST_GUEST - this.#guests.length;
    const guest = this.#newHost(number, `g${number}`, false);
    this.#guests.push(guest);
    await guest.boot();
    return guest;
  }

  /** Loads images into all hosts, side by side. */
  async load(...images: readonly Image[]): Promise<void> {
    await Promise.all(this.#hosts.map(async (host) => await host.load(...images)));
  }

  /** Listens on a host's cable, in tcpdump's words, until it is told to stop. */
  async capture(host: Host, filter = ''): Promise<Capture> {
    return await this.#lan.capture(host.port, host.segment, filter);
  }

  /** Sends a datagram into the LAN, from a machine that is in no grid, or under somebody else's address. */
  async inject(datagram: Datagram): Promise<void> {
    this.#stranger ??= this.#addStranger();
    await sendFrom(await this.#stranger, datagram);
  }

  /** Puts hosts behind a router that hides them, on a LAN of their own; resolves to the router. */
  async behindNat(hosts: readonly Host[], options: NatOptions = {}): Promise<Host> {
    const router = await this.addGuest();
    const segment = await this.#lan.addSegment();
    const net = `192.168.${router.number}`;
    await router.addCable(INSIDE, segment, `${net}.1/24`);
    await hide(router, options);
    for (const host of hosts)
      await host.move({
        segment,
        address: `${net}.${10 + host.number}`,
        prefix: 24,
        gateway: `${net}.1`,
        address6: null,
      });
    return router;
  }

  /** Starts a master that the hosts can reach, with a repository of its own. */
  async master(options: Pick<MasterOptions, 'pollSeconds'> = {}): Promise<RigMaster> {
    const directory = path.join(this.claim.directory, 'master');
    const master = await RigMaster.start({ ...options, directory, address: this.address });
    this.#masters.push(master);
    return master;
  }

  /** Ends everything, and throws when anything at all is left on the machine. */
  async down(): Promise<void> {
    await Promise.all(this.#masters.map(async (master) => await master.dispose()));
    const all = [...this.#hosts, ...this.#guests];
    await Promise.all(all.map(async (host) => await host.powerOff()));
    await this.#lan.end();
    await removeLeftovers(this.claim);
    const left = leftovers(this.claim);
    if (left.length > 0) throw new Error(`rig ${this.claim.name} leaves ${left.join(', ')}`);
  }

  async #addStranger(): Promise<Host> {
    const guest = await this.addGuest();
    await disguise(guest);
    return guest;
  }

  #newHost(number: number, name: string, hasEngine: boolean): Host {
    const { net, directory } = this.claim;
    const { liveRestore = true, engineArgs: args = [], cgroups = 'machine' } = this.#options;
    return new Host({
      number,
      name,
      lan: this.#lan,
      place: {
        segment: OUTSIDE,
        address: `${net}.${number}`,
        prefix: 24,
        gateway: this.address,
        address6: HAS_IPV6 ? address6(this.claim, number) : null,
      },
      directory: path.join(directory, name),
      cgroup: path.join(cgroupOf(this.claim), name),
      cgroups,
      dns: this.address,
      engine: hasEngine ? { registries: `${net}.0/24`, liveRestore, args } : null,
    });
  }
}

function identity({ name, net, directory }: RigOptions): Partial<Claim> {
  return {
    ...(name === undefined ? {} : { name }),
    ...(net === undefined ? {} : { net }),
    ...(directory === undefined ? {} : { directory }),
  };
}

/** fd76:0:0:<net's third number>::<host>. */
function address6({ net }: Claim, number: number): string {
  return `fd76:0:0:${net.split('.')[2]}::${number}`;
}
