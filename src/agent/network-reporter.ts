import { errorMessage } from '../model/error.ts';
import type { NetworkFinding, NetworkReport, PeerReport } from '../model/network-report.ts';
import type { AgentMessage } from '../protocol/agent.ts';
import { REPORT_BOUNDS } from '../protocol/network-shape.ts';
import { Alarm } from '../runtime/alarm.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import type { NetworkObserver } from './network-observer.ts';

export interface NetworkReporterOptions {
  readonly observer: NetworkObserver;
  readonly clock: Clock;
  readonly log: Log;
}

type Send = (message: AgentMessage) => void;

/** Round trips are news once a minute. */
const INTERVAL = 60_000;
/** A way that comes and goes every moment is told about this often. */
const SHORTEST = 2_000;

/**
 * Tells a master that takes reports how the network is: when its session opens, when something has changed that people care
 * about, and from time to time.
 */
export class NetworkReporter {
  readonly #options: NetworkReporterOptions;
  readonly #flight: SingleFlight;
  readonly #alarm: Alarm;
  readonly #unlisten: () => void;
  #send: Send | null = null;
  /** What people care about of the last report to this session; `null`: there was none. */
  #told: string | null = null;
  #toldAt = 0;
  /** It is time for another one, whatever has changed. */
  #isDue = false;

  constructor(options: NetworkReporterOptions) {
    this.#options = options;
    const { observer, clock, log } = options;
    this.#flight = new SingleFlight(
      async (signal) => await this.#report(signal),
      (error) => log.warn({ error: errorMessage(error) }, 'the network could not be looked at'),
    );
    this.#alarm = new Alarm(clock, () => {
      this.#isDue = true;
      this.#flight.wake();
    });
    this.#unlisten = observer.onChange(() => this.#flight.wake());
  }

  open(send: Send): void {
    this.#send = send;
    this.#told = null;
    this.#toldAt = 0;
    this.#isDue = true;
    this.#flight.wake();
  }

  close(): void {
    this.#send = null;
    this.#alarm.clear();
  }

  async stop(): Promise<void> {
    this.#unlisten();
    this.close();
    this.#options.observer.stop();
    await this.#flight.stop();
  }

  async #report(signal: AbortSignal): Promise<void> {
    const { observer, clock } = this.#options;
    const send = this.#send;
    if (send === null) return;
    // A clock that was put back must not keep anybody waiting until it gets there again.
    const early = Math.min(SHORTEST, this.#toldAt + SHORTEST - clock.now());
    if (early > 0) await clock.sleep(early, signal);
    const isDue = this.#isDue;
    this.#isDue = false;
    // Also when looking fails: it is tried again.
    this.#alarm.set(clock.now() + INTERVAL);
    const report = bounded(await observer.report());
    const told = cared(report);
    // Whoever opened a session meanwhile has woken this once more.
    if (this.#send !== send || (!isDue && told === this.#told)) return;
    this.#told = told;
    this.#toldAt = clock.now();
    send({ type: 'network-report', report });
  }
}

/** Everything but what never stays the same. */
function cared({ version, peers, findings }: NetworkReport): string {
  const ways = peers.map(({ node, way, relay, fullSize }) => [node, way, relay, fullSize]);
  return JSON.stringify([version, ways, findings]);
}

type WireReport = Extract<AgentMessage, { type: 'network-report' }>['report'];

/** What the master would refuse is cut off: it is told in the order of importance. */
function bounded({ version, peers, findings }: NetworkReport): WireReport {
  return {
    version,
    peers: peers.slice(0, REPORT_BOUNDS.peers).map(boundedPeer),
    findings: findings.slice(0, REPORT_BOUNDS.findings).map(boundedFinding),
  };
}

function boundedPeer(peer: PeerReport): WireReport['peers'][number] {
  const { roundTrip } = peer;
  return { ...peer, roundTrip: roundTrip === null ? null : Math.max(0, roundTrip) };
}

function boundedFinding(finding: NetworkFinding): NetworkFinding {
  const { message, hint } = finding;
  const most = REPORT_BOUNDS.text;
  return { ...finding, message: message.slice(0, most), hint: hint.slice(0, most) };
}
