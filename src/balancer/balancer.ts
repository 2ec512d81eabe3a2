import type { Balancing } from '../model/balancing.ts';
import { errorMessage, GridError } from '../model/error.ts';
import { servicePath } from '../model/identity.ts';
import type { Clock } from '../runtime/clock.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import { type Accepted, concede } from './acceptance.ts';
import { type Certificates, readCertificates } from './certificates.ts';
import { commandsFor } from './commands.ts';
import { type Config, containerPlace, type Place, renderConfig } from './config.ts';
import { Folder } from './folder.ts';
import { Haproxy } from './haproxy.ts';
import { type Objection, objectionsOf, objectionsTo } from './objections.ts';
import { fillSlots, type Slots } from './slots.ts';
import type { Upstream } from './upstream.ts';
import { proxyName, serverName } from './words.ts';

export interface BalancerOptions {
  /** The folder as this process sees it. */
  readonly folder: string;
  /** Where HAProxy runs; else in a container of our image. */
  readonly place?: Place;
  /**
   * `haproxy -c` where HAProxy runs, for a file of the folder: whether it would be taken, and the lines that it printed.
   * `null`: it cannot be asked at the moment.
   */
  readonly check: (file: string, signal: AbortSignal) => Promise<CheckResult | null>;
  readonly clock: Clock;
  /** What HAProxy says may repeat a secret. */
  readonly onEvent: (event: BalancerEvent) => void;
}

export interface CheckResult {
  readonly accepted: boolean;
  readonly messages: readonly string[];
}

export interface BalancerEvent {
  readonly severity: 'info' | 'warning' | 'error';
  readonly kind: 'balancer-changed' | 'balancer-refused' | 'balancer-failed';
  readonly message: string;
}

/** How soon to look whether HAProxy is as it should be, when nobody says that it is not. */
const LOOK_MILLISECONDS = 3_000;
const RETRY_MILLISECONDS = 500;
const UNLOADABLE_MILLISECONDS = 30_000;
/** Each round finds at least one more service with a fault, and mostly all of them. */
const MAX_ROUNDS = 20;
/** What is not as it was told at once is not going to be. */
const MAX_TELLINGS = 3;
const MAX_TOLD = 5;
/** Most requests are answered within that. */
const DRAIN_MILLISECONDS = 20;

/**
 * One HAProxy in its container, kept as its load balancer is wanted. Level-triggered: each pass looks at what runs, so that a
 * HAProxy that was started again, or changed by hand, is put right by the same code. Needs nobody but the container.
 */
export class Balancer {
  readonly #options: BalancerOptions;
  readonly #folder: Folder;
  readonly #haproxy: Haproxy;
  readonly #flight: SingleFlight;
  #wanted: Balancing | null = null;
  #upstreams: readonly Upstream[] = [];
  #accepted: Accepted | null = null;
  #slots: ReadonlyMap<string, Slots> = new Map();
  /** What was looked at and not taken: it is not looked at again. */
  #refused: string | null = null;
  #unloadable: {
    readonly structure: string;
    readonly until: number;
    readonly error: Error;
  } | null = null;
  #isOpen = false;
  #failure: string | null = null;
  #timer: NodeJS.Timeout | null = null;

  constructor(options: BalancerOptions) {
    this.#options = options;
    this.#folder = new Folder(options.folder);
    this.#haproxy = new Haproxy(this.#folder, options.clock);
    this.#flight = new SingleFlight(
      async (signal) => await this.#pass(signal),
      (error) => this.#failed(error),
    );
  }

  /** With the values of secrets in it. */
  apply(balancing: Balancing): void {
    this.#wanted = balancing;
    this.#flight.wake();
  }

  /** All containers that answer, of whatever service. */
  update(upstreams: readonly Upstream[]): void {
    this.#upstreams = upstreams;
    this.#flight.wake();
  }

  /** The container was started: it may have been told nothing yet. */
  wake(): void {
    this.#flight.wake();
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  /**
   * Resolves when nothing is under way any more at servers that take nothing new, or with the signal. What stays open for
   * long is not for this to wait for.
   */
  async drained(signal: AbortSignal): Promise<void> {
    await this.idle();
    while (!signal.aborted && (await this.#isDraining().catch(() => false)))
      await this.#options.clock.sleep(DRAIN_MILLISECONDS, signal).catch(() => undefined);
  }

  /** HAProxy is left as it is. */
  async stop(): Promise<void> {
    if (this.#timer !== null) clearTimeout(this.#timer);
    await this.#flight.stop();
  }

  async #pass(signal: AbortSignal): Promise<void> {
    this.#wakeIn(LOOK_MILLISECONDS);
    if (!this.#isOpen) await this.#open();
    const wanted = this.#wanted;
    if (wanted === null) return;
    if (wanted.hash !== this.#accepted?.wanted && wanted.hash !== this.#refused)
      await this.#consider(wanted, signal);
    if (this.#accepted !== null) await this.#keep(this.#accepted, signal);
    this.#failure = null;
  }

  #failed(error: unknown): void {
    const message = errorMessage(error);
    this.#wakeIn(RETRY_MILLISECONDS);
    if (message === this.#failure) return;
    this.#failure = message;
    this.#options.onEvent({ severity: 'error', kind: 'balancer-failed', message });
  }

  /** What an agent before this one has left: containers keep their slots. */
  async #open(): Promise<void> {
    await this.#folder.make();
    const known = parseMemory(await this.#folder.read('state.json'));
    // What nobody knows anything of may be damaged: a container that ends on it cannot be asked about another one.
    if (known === null) await this.#folder.remove('haproxy.cfg');
    this.#accepted = known?.accepted ?? null;
    this.#slots = new Map(known?.slots);
    this.#isOpen = true;
  }

  /** Settings that were never taken are asked about before they are what HAProxy has to go by. */
  async #consider(wanted: Balancing, signal: AbortSignal): Promise<void> {
    const told: Objection[] = [];
    let candidate: Accepted | null = { wanted: wanted.hash, balancing: wanted, closed: [] };
    for (let round = 0; candidate !== null && round < MAX_ROUNDS; round++) {
      const objections = await this.#objections(candidate, signal);
      if (objections === null) return;
      told.push(...objections);
      if (objections.length === 0) {
        this.#accepted = candidate;
        return this.#tell(told, wanted);
      }
      candidate = concede(candidate, objections, this.#accepted);
    }
    this.#refused = wanted.hash;
    this.#tell(told, wanted);
  }

  /** `null`: HAProxy cannot be asked at the moment. */
  async #objections(
    candidate: Accepted,
    signal: AbortSignal,
  ): Promise<readonly Objection[] | null> {
    const { balancing, closed } = candidate;
    const plain = objectionsTo(balancing).filter(({ owner }) => !closed.includes(owner ?? ''));
    if (plain.length > 0) return plain;
    const { config } = await this.#render(candidate);
    await this.#folder.write('next.cfg', config.text);
    const result = await this.#options.check('next.cfg', signal);
    if (result === null) return null;
    if (result.accepted) return [];
    const found = objectionsOf(result.messages, config, balancing.backends);
    const reason = result.messages.at(-1) ?? 'HAProxy does not say why';
    return found.length > 0 ? found : [{ owner: null, reason }];
  }

  #tell(objections: readonly Objection[], { settings, backends }: Balancing): void {
    const { onEvent } = this.#options;
    const { faults } = readCertificates(settings.certificates);
    const reasons = objections.map(
      ({ owner, reason }) => `${owner ?? 'the load balancer'}: ${reason}`,
    );
    const all = [...new Set([...reasons, ...faults.map((fault) => `the ${fault}`)])];
    for (const message of all.slice(0, MAX_TOLD))
      onEvent({
        severity: 'error',
        kind: 'balancer-refused',
        message: `not served as written: ${message}`,
      });
    if (all.length === 0)
      onEvent({
        severity: 'info',
        kind: 'balancer-changed',
        message: `${backends.length} services`,
      });
  }

  async #render(
    accepted: Accepted,
  ): Promise<{ readonly config: Config; readonly certificates: Certificates }> {
    const { balancing, closed } = accepted;
    const { place = containerPlace } = this.#options;
    this.#slots = this.#fill(balancing);
    const certificates = readCertificates(balancing.settings.certificates);
    const list = await this.#folder.writeCertificates(certificates, place.folder);
    const config = renderConfig({
      balancing,
      slots: this.#slots,
      closed: new Set(closed),
      certificates: list === null ? null : `${place.folder}/${list}`,
      place,
    });
    return { config, certificates };
  }

  #fill({ backends }: Balancing): ReadonlyMap<string, Slots> {
    const byService = groupByService(this.#upstreams);
    return new Map(
      backends.map((backend) => {
        const path = servicePath(backend);
        const upstreams = byService.get(path) ?? [];
        return [path, fillSlots(this.#slots.get(path) ?? [], upstreams, backend.internalPort)];
      }),
    );
  }

  async #keep(accepted: Accepted, signal: AbortSignal): Promise<void> {
    const { config, certificates } = await this.#render(accepted);
    // Also when only addresses changed: a HAProxy that is started again begins with them.
    if ((await this.#folder.read('haproxy.cfg')) !== config.text) {
      await this.#folder.write('haproxy.cfg', config.text);
      await this.#folder.write('state.json', printMemory({ accepted, slots: [...this.#slots] }));
    }
    const running = await this.#haproxy.structure();
    // It is about to start, or to be stopped for good.
    if (running === null) return this.#wakeIn(RETRY_MILLISECONDS);
    const failure =
      running === config.structure ? null : await this.#reload(config.structure, signal);
    // Who answers must be right whatever runs.
    await this.#settle(accepted);
    if (failure !== null) throw failure;
    await this.#folder.keepCertificates(certificates);
  }

  /** A process that does not come up would not the next moment either: it is not started all the time. */
  async #reload(structure: string, signal: AbortSignal): Promise<Error | null> {
    const { clock } = this.#options;
    const before = this.#unloadable;
    if (before?.structure === structure && clock.now() < before.until) return before.error;
    try {
      await this.#haproxy.reload(structure, signal);
      this.#unloadable = null;
      return null;
    } catch (error) {
      if (!(error instanceof GridError)) throw error;
      this.#unloadable = { structure, until: clock.now() + UNLOADABLE_MILLISECONDS, error };
      return error;
    }
  }

  async #settle({ balancing }: Accepted): Promise<void> {
    for (let telling = 0; telling < MAX_TELLINGS; telling++) {
      const states = await this.#haproxy.states();
      const commands = commandsFor(balancing.backends, this.#slots, states);
      if (commands.length === 0) return;
      await this.#haproxy.tell(commands);
    }
    throw new Error('HAProxy does not do what it is told about its servers');
  }

  async #isDraining(): Promise<boolean> {
    for (const backend of this.#accepted?.balancing.backends ?? []) {
      const slots = this.#slots.get(servicePath(backend)) ?? [];
      const drained = slots.flatMap((slot, at) => (slot?.state === 'drain' ? serverName(at) : []));
      if (drained.length === 0) continue;
      const underWay = await this.#haproxy.underWay(proxyName(backend));
      if (drained.some((server) => (underWay.get(server) ?? 0) > 0)) return true;
    }
    return false;
  }

  #wakeIn(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#flight.wake(), milliseconds);
    this.#timer.unref();
  }
}

function groupByService(upstreams: readonly Upstream[]): ReadonlyMap<string, readonly Upstream[]> {
  const groups = new Map<string, Upstream[]>();
  for (const upstream of upstreams) {
    const path = servicePath(upstream);
    const group = groups.get(path) ?? [];
    group.push(upstream);
    groups.set(path, group);
  }
  return groups;
}

interface Memory {
  readonly accepted: Accepted;
  readonly slots: readonly (readonly [string, Slots])[];
}

function printMemory(memory: Memory): string {
  return JSON.stringify(memory);
}

/** What cannot be read is nothing to go by, and can be found out again. */
function parseMemory(text: string | null): Memory | null {
  try {
    return text === null ? null : (JSON.parse(text) as Memory);
  } catch {
    return null;
  }
}
