import { type Forge, type PullRequest, RateLimited, type RepositoryName } from '../forge/forge.ts';
import { digest } from '../model/digest.ts';
import { errorMessage } from '../model/error.ts';
import type { PreviewOutcome } from '../model/preview.ts';
import { Alarm } from '../runtime/alarm.ts';
import { type Backoff, ceiling } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { SingleFlight } from '../runtime/single-flight.ts';
import type { EnvironmentMaker } from './environment-maker.ts';
import { type PreviewBasis, type Previewed, type PreviewerPorts, previewed } from './previewer.ts';

/** What is known of an open pull request: the last preview of it, and what that was made of. */
export interface KnownRequest {
  readonly number: number;
  readonly basis: PreviewBasis;
  /** What the preview came to, to be compared. */
  readonly gist: string;
  /** Milliseconds since the epoch: when its head was first seen here. */
  readonly seenAt: number;
  /** Of a fork: the head that somebody who may write has asked a plan for; `null`: none. */
  readonly allowed: string | null;
  /** What was said of it does not hold any more, or is asked for anew: it is planned and told whatever it comes to. */
  readonly isDue: boolean;
}

export interface PullRequestsOptions {
  readonly repository: RepositoryName;
  readonly branch: string;
  readonly forge: Pick<Forge, 'pullRequests' | 'pullRequest'>;
  readonly previewer: PreviewerPorts;
  /** What the branch points at, as it is mirrored; `null`: nothing is, yet. */
  readonly base: () => string | null;
  /** A deploy of the grid is under way: what is observed is on its way to something else. */
  readonly isBusy: (grid: string) => boolean;
  /** The newest preview of each pull request, from earlier processes. */
  readonly load: () => Promise<readonly KnownRequest[]>;
  /** For the next process. */
  readonly save: (known: KnownRequest) => Promise<void>;
  readonly tell: RequestTeller;
  /** What requests run. */
  readonly environments: Pick<EnvironmentMaker, 'isDue' | 'look' | 'keepOnly'>;
  readonly forgetRef: (ref: string) => Promise<void>;
  /** After each look at all of them. */
  readonly onLooked: (open: readonly PullRequest[]) => void;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who says what becomes of pull requests. */
export interface RequestTeller {
  /** There is something new to plan. `before`: the grids that earlier previews of the same head were about. */
  planning(request: PullRequest, before: readonly string[]): Promise<void>;
  /** The branch has moved in what an earlier preview of the same head was made of; another one is on its way. */
  stale(request: PullRequest, before: readonly string[]): Promise<void>;
  previewed(of: {
    readonly request: PullRequest;
    /** What the branch pointed at. */
    readonly base: string;
    readonly outcome: PreviewOutcome;
    readonly basis: PreviewBasis;
    readonly before: readonly string[];
  }): Promise<void>;
  /** It is not open any more. */
  gone(number: number): Promise<void>;
}

const RETRY: Backoff = { base: 2_000, cap: 300_000 };
/** Between two looks at whether what runs has changed a plan: plans are read by people. */
const OBSERVE_MILLISECONDS = 30_000;

/**
 * The loop of the pull requests into the tracked branch: each open one has a preview of its head, merged into what the branch
 * points at. Woken by webhooks, by each look at the repository and by what nodes report; a missed wake-up costs time, never
 * a preview. One at a time: previews must not keep what runs waiting.
 */
export class PullRequests {
  readonly #options: PullRequestsOptions;
  readonly #flight: SingleFlight;
  readonly #alarm: Alarm;
  readonly #known = new Map<number, KnownRequest>();
  /** By number: those for which a plan was asked since the last look at them began. */
  readonly #asked = new Set<number>();
  readonly #observed = new Set<string>();
  #observedAt = 0;
  #open: readonly PullRequest[] = [];
  #isLoaded = false;
  #saved: Promise<void> = Promise.resolve();
  #attempts = 0;
  #nextAt: number | null = null;
  #isStopped = false;

  constructor(options: PullRequestsOptions) {
    this.#options = options;
    this.#flight = new SingleFlight(
      async (signal) => await this.#pass(signal),
      (error) => this.#failed(error),
    );
    this.#alarm = new Alarm(options.clock, () => {
      this.#nextAt = null;
      this.#flight.wake();
    });
  }

  /** Those that were open at the last look. */
  get open(): readonly PullRequest[] {
    return this.#open;
  }

  wake(): void {
    this.#flight.wake();
  }

  /** What runs in a grid may have changed. */
  observed(grid: string): void {
    const affects = [...this.#known.values()].some(({ basis }) => isAbout(basis, grid));
    if (!affects) return;
    this.#observed.add(grid);
    this.#wakeIn(OBSERVE_MILLISECONDS);
  }

  /**
   * Somebody who may write wants a plan; once this resolves, a restart does not lose the wish. One from a fork is planned as
   * it was at that time: `changed` when its head has been seen only since. `head`: the one that is meant, where that is known.
   */
  async ask(
    number: number,
    at: number,
    head: string | null = null,
  ): Promise<'asked' | 'changed' | 'unknown'> {
    if (!this.#known.has(number)) await this.#lookOnce();
    const request = this.#open.find((one) => one.number === number);
    const known = this.#known.get(number);
    if (request === undefined || known === undefined) return 'unknown';
    if (head !== null && request.head.sha !== head) return 'changed';
    const isSeen = known.basis.head === request.head.sha && seconds(known.seenAt) <= seconds(at);
    if (request.isFork && !isSeen) return 'changed';
    this.#asked.add(number);
    this.#known.set(number, { ...known, allowed: request.head.sha, isDue: true });
    await this.#save(number);
    this.#flight.wake();
    return 'asked';
  }

  /** It may have been opened a moment ago, or the master has just started. */
  async #lookOnce(): Promise<void> {
    this.#flight.wake();
    await this.#flight.idle();
  }

  async idle(): Promise<void> {
    await this.#flight.idle();
  }

  async stop(): Promise<void> {
    this.#isStopped = true;
    this.#alarm.clear();
    await this.#flight.stop();
  }

  async #pass(signal: AbortSignal): Promise<void> {
    const { base, onLooked } = this.#options;
    const onto = base();
    if (onto === null) return;
    if (!this.#isLoaded) await this.#load();
    const open = await this.#list();
    await this.#leave(open);
    await this.#options.environments.keepOnly(new Set(open.map(({ number }) => number)));
    this.#open = open;
    onLooked(open);
    const changed = this.#takeObserved();
    let passing = 0;
    // The newest first: somebody is waiting for it.
    for (const request of open.toSorted((a, b) => b.number - a.number)) {
      signal.throwIfAborted();
      if (await this.#look(request, { base: onto, changed, signal })) passing += 1;
    }
    this.#attempts = passing === 0 ? 0 : this.#attempts + 1;
    if (passing > 0) this.#wakeIn(ceiling(RETRY, this.#attempts - 1));
  }

  /**
   * A list is read page by page, and what is closed meanwhile moves the others up: one that was known and is missing is asked
   * for by itself before anything of it is ended.
   */
  async #list(): Promise<readonly PullRequest[]> {
    const { forge, repository, branch } = this.#options;
    const listed = await forge.pullRequests(repository, branch);
    const numbers = new Set(listed.map(({ number }) => number));
    const open = [...listed];
    for (const number of this.#known.keys()) {
      if (numbers.has(number)) continue;
      const missing = await forge.pullRequest(repository, number);
      if (missing?.state === 'open' && missing.base === branch) open.push(missing);
    }
    return open;
  }

  async #load(): Promise<void> {
    for (const known of await this.#options.load()) this.#known.set(known.number, known);
    this.#isLoaded = true;
  }

  async #leave(open: readonly PullRequest[]): Promise<void> {
    const { tell, forgetRef } = this.#options;
    const numbers = new Set(open.map(({ number }) => number));
    for (const number of [...this.#known.keys()].filter((one) => !numbers.has(one))) {
      const ref = this.#open.find((one) => one.number === number)?.ref ?? null;
      if (ref !== null) await forgetRef(ref);
      await tell.gone(number);
      this.#known.delete(number);
      this.#asked.delete(number);
    }
  }

  /** Whether it has to be tried again. */
  async #look(
    request: PullRequest,
    of: {
      readonly base: string;
      readonly changed: ReadonlySet<string>;
      readonly signal: AbortSignal;
    },
  ): Promise<boolean> {
    const { base, changed, signal } = of;
    const known = this.#known.get(request.number) ?? null;
    const isAllowed = known?.allowed === request.head.sha;
    const isDue = known?.isDue ?? false;
    const isObserved = known?.basis.affected.some(({ grid }) => changed.has(grid)) ?? false;
    const isSame = known !== null && holds(known.basis, { request, base, isAllowed });
    const { previewer, tell, environments } = this.#options;
    const runsOther = await environments.isDue(request.number, base);
    if (isSame && !isDue && !isObserved && !runsOther) return false;
    this.#asked.delete(request.number);
    const isSameHead = known?.basis.head === request.head.sha;
    if (isDue || !isSameHead) await tell.planning(request, isSameHead ? gridsOf(known) : []);
    const made = await previewed(previewer, {
      request,
      base,
      isAllowed,
      known: known?.basis ?? null,
      isAnew: isDue || isObserved,
      onMoved: async () => {
        if (known !== null && !isDue) await this.#outdate(request, known);
      },
      signal,
    });
    await this.#keep(request, made);
    await environments.look({ request, base, merged: made.merged });
    return made.isPassing;
  }

  /** Kept before it is told: whatever happens meanwhile, something final is told in the end. */
  async #outdate(request: PullRequest, known: KnownRequest): Promise<void> {
    this.#known.set(request.number, { ...(this.#known.get(request.number) ?? known), isDue: true });
    await this.#save(request.number);
    await this.#options.tell.stale(request, gridsOf(known));
  }

  async #keep(request: PullRequest, made: Previewed): Promise<void> {
    const { clock, tell, log } = this.#options;
    const { number } = request;
    const before = this.#known.get(number) ?? null;
    const isSameHead = before?.basis.head === made.basis.head;
    const gist = made.isKnown && before !== null ? before.gist : gistOf(made);
    // What failed for a while is told, and tried again for what it was, also after a restart.
    const basis = made.isPassing ? unsettled(made.basis) : made.basis;
    const { outcome } = made;
    const isNews = !isSameHead || before.isDue || before.gist !== gist;
    if (isNews) {
      log.info({ number, head: basis.head, outcome: outcome.kind }, 'pull request planned');
      const grids = isSameHead ? gridsOf(before) : [];
      await tell.previewed({ request, base: made.basis.base, outcome, basis, before: grids });
    }
    // Not before it is told: what could not be is told by the next pass.
    const seenAt = isSameHead ? before.seenAt : clock.now();
    // Somebody may have asked meanwhile.
    const { allowed = null } = this.#known.get(number) ?? {};
    const isDue = this.#asked.has(number);
    this.#known.set(number, { number, basis, gist, seenAt, allowed, isDue });
    if (isNews) await this.#saveOrRepeat(number);
  }

  async #saveOrRepeat(number: number): Promise<void> {
    try {
      await this.#save(number);
    } catch (error) {
      const known = this.#known.get(number);
      if (known !== undefined) this.#known.set(number, { ...known, isDue: true });
      throw error;
    }
  }

  /** One after the other, each as it is by then: a pass and people's wishes must not write over one another. */
  async #save(number: number): Promise<void> {
    const write = async (): Promise<void> => {
      const known = this.#known.get(number);
      if (known !== undefined) await this.#options.save(known);
    };
    const saved = this.#saved.then(write, write);
    this.#saved = saved;
    await saved;
  }

  /** What has changed of what runs, in grids that stand still, and no more often than people read. */
  #takeObserved(): ReadonlySet<string> {
    const { clock, isBusy } = this.#options;
    if (this.#observed.size === 0) return this.#observed;
    const age = clock.now() - this.#observedAt;
    if (age >= 0 && age < OBSERVE_MILLISECONDS) {
      this.#wakeIn(OBSERVE_MILLISECONDS - age);
      return new Set();
    }
    const taken = new Set([...this.#observed].filter((grid) => !isBusy(grid)));
    for (const grid of taken) this.#observed.delete(grid);
    if (this.#observed.size > 0) this.#wakeIn(OBSERVE_MILLISECONDS);
    this.#observedAt = clock.now();
    return taken;
  }

  #failed(error: unknown): void {
    this.#attempts += 1;
    const delay =
      error instanceof RateLimited ? error.retryAfter * 1_000 : ceiling(RETRY, this.#attempts - 1);
    this.#options.log.warn(
      { error: errorMessage(error), retryIn: delay },
      'cannot look at pull requests',
    );
    this.#wakeIn(delay);
  }

  /** The earliest time that was set counts: each pass looks at everything. */
  #wakeIn(milliseconds: number): void {
    const at = this.#options.clock.now() + milliseconds;
    if (this.#isStopped || (this.#nextAt !== null && this.#nextAt <= at)) return;
    this.#nextAt = at;
    this.#alarm.set(at);
  }
}

function holds(
  basis: PreviewBasis,
  of: { readonly request: PullRequest; readonly base: string; readonly isAllowed: boolean },
): boolean {
  const { request, base, isAllowed } = of;
  const isAllowedAlike = !request.isFork || basis.isAllowed === isAllowed;
  return basis.head === request.head.sha && basis.base === base && isAllowedAlike;
}

/** No branch is there: the next look makes it anew. */
function unsettled(basis: PreviewBasis): PreviewBasis {
  return { ...basis, base: '' };
}

/** Forges tell times no finer. */
function seconds(at: number): number {
  return Math.floor(at / 1_000);
}

function gridsOf({ basis }: KnownRequest): readonly string[] {
  return basis.affected.map(({ grid }) => grid);
}

function isAbout({ affected }: PreviewBasis, grid: string): boolean {
  return affected.some((one) => one.grid === grid);
}

/** What a reader would call the same preview: the same plan, of the same change. */
function gistOf({ outcome, basis }: Previewed): string {
  if (outcome.kind !== 'planned') return digest(outcome);
  const grids = outcome.grids.map(({ grid, plan, problems, closed }) => [
    grid,
    plan?.hash ?? null,
    plan?.blocked.map(({ paths, reason }) => [paths, reason]) ?? null,
    plan?.confirmation ?? null,
    problems,
    closed,
  ]);
  return digest(['planned', grids, basis.affected]);
}
