import { type DeployPhase, isFinal, mayFollow } from '../model/deploy.ts';
import { instancePath } from '../model/identity.ts';
import type { Confirmation, Plan, Step } from '../model/plan.ts';
import type { Problem } from '../model/problem.ts';
import type { Clock } from '../runtime/clock.ts';
import type {
  Deploy,
  DeployOutline,
  DeployPatch,
  DeploySource,
  Deploys,
} from '../store/deploys.ts';
import { OUTBOX_AGE } from '../store/store.ts';
import type { GridHead, HeadSource } from './revision.ts';
import type { Verdict } from './verdict.ts';

export interface DeployLogOptions {
  readonly grid: string;
  readonly records: Pick<Deploys, 'create' | 'update' | 'get' | 'list' | 'unfinished' | 'addEntry'>;
  readonly clock: Clock;
  /** Explains a plan to people: its summary and its text. */
  readonly explain: (plan: Plan) => { readonly summary: string; readonly text: string };
  /** Wants the statuses of these commits that follow from a deploy; called after each change of it. */
  readonly announce: (deploy: DeployOutline, commits: readonly string[]) => Promise<void>;
  /** The same for the commits of other repositories that stacks of it are from. */
  readonly announceSources: (
    deploy: DeployOutline,
    sources: readonly DeploySource[],
  ) => Promise<void>;
  /** A commit leaves the deploy that it followed, because so many came after it. */
  readonly overtaken: (commit: {
    readonly repository: string;
    readonly sha: string;
    readonly by: string;
  }) => Promise<void>;
}

/**
 * The last deploy of one grid, and the only writer of it: every change is durable first and announced after it. What was not
 * announced because of a crash is announced by `resume`; announcing twice is harmless.
 */
export class DeployLog {
  readonly #options: DeployLogOptions;
  #current: Deploy | null = null;

  constructor(options: DeployLogOptions) {
    this.#options = options;
  }

  get current(): Deploy | null {
    return this.#current;
  }

  /** The deploy that is under way, or `null` when the last one has ended. */
  get active(): Deploy | null {
    return this.#current !== null && !isFinal(this.#current.phase) ? this.#current : null;
  }

  /** A person has read the plan of the present deploy, and said yes to it. */
  get isApproved(): boolean {
    const current = this.#current;
    const approved = current?.approvedHash ?? null;
    return approved !== null && approved === current?.planHash;
  }

  /** What a person confirmed for the present deploy: the removals of the plan that was read. */
  get approved(): Confirmation | null {
    const current = this.#current;
    if (current === null || current.planJson === null || !this.isApproved) return null;
    return (JSON.parse(current.planJson) as Plan).confirmation;
  }

  /**
   * Takes up where the last process stopped, wherever that was: between any two of its writes. Everything recent is
   * announced again, because the process may have ended before it was.
   */
  async resume(): Promise<void> {
    const { records, grid, announce, announceSources } = this.#options;
    const [newest] = await records.list(grid, { limit: 1 });
    if (newest === undefined) return;
    this.#current = await records.get(newest.id);
    for (const left of await records.unfinished(grid))
      if (left.id !== newest.id) await this.#supersede(left.id, newest);
    // As they are now: what was just superseded must not be told as going on.
    const [, ...older] = await records.list(grid, { limit: RESUMED });
    // The newest deploy of a commit has the say.
    const announced = new Set([...commitsOf(newest), ...toldOf(newest).map(sourceKey)]);
    for (const deploy of older.filter((one) => this.#isWaitedFor(one))) {
      const commits = commitsOf(deploy).filter((sha) => !announced.has(sha));
      if (commits.length > 0) await announce(deploy, commits);
      const sources = toldOf(deploy).filter((source) => !announced.has(sourceKey(source)));
      if (sources.length > 0) await announceSources(deploy, sources);
      for (const key of [...commits, ...sources.map(sourceKey)]) announced.add(key);
    }
    if (this.#isWaitedFor(newest)) await this.#announce(newest);
    // Of what follows a deploy of long ago, only the last can have been swallowed.
    else await announce(newest, commitsOf(newest).slice(-1));
  }

  /** What ended long ago was told long ago: the forge would be told once more of each commit that nobody remembers telling. */
  #isWaitedFor({ finishedAt }: DeployOutline): boolean {
    return finishedAt === null || finishedAt > this.#options.clock.now() - OUTBOX_AGE;
  }

  /**
   * Something else was said of a commit meanwhile: says what has become of it. One without a deploy is at the head of the
   * branch, and gets one, or others have come after it.
   */
  async sayAgain(sha: string, head: Pick<GridHead, 'repository' | 'sha'> | null): Promise<void> {
    const { records, grid, announce, overtaken } = this.#options;
    const deploys = await records.list(grid, { limit: RESUMED });
    const deploy = deploys.find((one) => commitsOf(one).includes(sha));
    if (deploy !== undefined) return await announce(deploy, [sha]);
    if (head === null || head.sha === sha) return;
    await overtaken({ repository: head.repository, sha, by: head.sha });
  }

  /** A new deploy; the one under way is superseded by it (safety rule 5). */
  async begin(deploy: {
    readonly sha: string;
    readonly inputs: string;
    readonly trigger: string;
    readonly actor: string | null;
    readonly problems: readonly Problem[];
    readonly repository: string;
    /** Commits of other repositories that stacks of it are from. */
    readonly from: readonly HeadSource[];
  }): Promise<void> {
    const { records, grid, clock } = this.#options;
    const older = this.active;
    const { from, ...rest } = deploy;
    const sources = beginSources(from, { last: this.#current, active: older });
    const created = await records.create({ ...rest, sources, grid, createdAt: clock.now() });
    if (older !== null) await this.#supersede(older.id, created);
    this.#current = created;
    await this.#announce(created);
  }

  /**
   * A commit with the same inputs: no deploy of its own, its status follows this one. `problems`: what is wrong with it now,
   * where that was looked at again.
   */
  async carry(
    { sha, repository, sources = [] }: GridHead,
    problems: readonly Problem[] | null = null,
  ): Promise<void> {
    const current = this.#current;
    if (current === null) return;
    await this.#carrySources(current, sources);
    const isNoted = problems === null || isSame(problems, current.problems);
    if (!isNoted) await this.#change({ problems });
    if (current.sha === sha || current.carried.includes(sha)) return;
    const carried = [...current.carried, sha];
    const dropped = carried.slice(0, -CARRIED);
    // Told before it is dropped: a crash in between tells it once more. What had its end keeps it.
    for (const one of isFinal(current.phase) ? [] : dropped)
      await this.#options.overtaken({ repository, sha: one, by: sha });
    await this.#change({ carried: carried.slice(-CARRIED) }, [sha]);
  }

  async #carrySources(current: Deploy, from: readonly HeadSource[]): Promise<void> {
    const known = new Set(current.sources.map(sourceKey));
    const news = from.filter((source) => !known.has(sourceKey(source)));
    if (news.length === 0) return;
    const carried = news.map((source) => ({ ...source, told: 'carried' }) as const);
    await this.#change({ sources: [...current.sources, ...carried].slice(-SOURCES) });
  }

  async approve(planHash: string, actor: string): Promise<void> {
    await this.#change({ approvedHash: planHash });
    await this.entry('approved', '', `plan ${planHash.slice(0, 12)} confirmed by ${actor}`);
  }

  /** Brings the deploy to what the newest plan says of it. */
  async follow(plan: Plan, verdict: Verdict): Promise<void> {
    const current = this.#current;
    if (current === null || current.phase === 'superseded' || current.phase === 'succeeded') return;
    if (current.phase === 'failed' && verdict.phase !== 'succeeded') return;
    const now = this.#options.clock.now();
    const total = Math.max(current.total, verdict.remaining);
    const phase = reached(current.phase, verdict.phase);
    await this.#change({
      phase,
      total,
      done: total - verdict.remaining,
      message: phase === 'succeeded' ? successMessage(total, plan.wanted) : verdict.message,
      startedAt: current.startedAt ?? now,
      finishedAt: isFinal(phase) ? now : null,
      ...this.#plansOf(plan, current, phase),
    });
  }

  /** A fault of the repository that leaves nothing to plan. */
  async fail(message: string): Promise<void> {
    const now = this.#options.clock.now();
    await this.#change({ phase: 'failed', message, finishedAt: now });
    await this.entry('failed', '', message);
  }

  async dispatched(steps: readonly Step[]): Promise<void> {
    for (const step of steps)
      await this.entry(
        'dispatched',
        instancePath(step),
        `${step.kind} on ${step.node}: ${step.reason}`,
      );
  }

  async entry(kind: string, path: string, message: string): Promise<void> {
    if (this.#current === null) return;
    const at = this.#options.clock.now();
    await this.#options.records.addEntry(this.#current.id, { at, kind, path, message });
  }

  /**
   * The plan that people read is the first one that has steps, or asks for a confirmation; later plans of the same deploy are
   * what is left of it. What is left when it fails is kept: it says which instance failed, with its last lines. When it gets
   * there after all, nothing is.
   */
  #plansOf(plan: Plan, current: Deploy, phase: DeployPhase): DeployPatch {
    const isNew = current.planHash === null || current.total === 0;
    // While it waits for a person or a time, people read what would be done now.
    const asks = (plan.confirmation !== null || phase === 'held') && current.planHash !== plan.hash;
    const { summary, text } = this.#options.explain(plan);
    return {
      ...(isNew || asks
        ? { planJson: JSON.stringify(plan), planHash: plan.hash, planText: text, summary }
        : {}),
      ...(phase === 'failed' ? { remainingJson: JSON.stringify(plan) } : {}),
      ...(phase === 'succeeded' ? { remainingJson: null } : {}),
    };
  }

  async #supersede(id: string, by: DeployOutline): Promise<void> {
    const superseded = await this.#options.records.update(id, {
      phase: 'superseded',
      supersededBy: by.id,
      message: `superseded by ${by.sha.slice(0, 12)}`,
      finishedAt: this.#options.clock.now(),
    });
    await this.#announce(superseded);
  }

  /** `news`: the only commits for which it changes anything. */
  async #change(patch: DeployPatch, news?: readonly string[]): Promise<void> {
    const current = this.#current;
    if (current === null || !differs(current, patch)) return;
    const changed = await this.#options.records.update(current.id, patch);
    // A person's approval may come while the next deploy begins.
    if (this.#current?.id === changed.id) this.#current = changed;
    if (news === undefined) await this.#announce(changed);
    else await this.#options.announce(changed, news);
  }

  async #announce(deploy: DeployOutline): Promise<void> {
    await this.#options.announce(deploy, commitsOf(deploy));
    const sources = toldOf(deploy);
    if (sources.length > 0) await this.#options.announceSources(deploy, sources);
  }
}

function commitsOf(deploy: DeployOutline): readonly string[] {
  return [deploy.sha, ...deploy.carried];
}

function toldOf({ sources }: DeployOutline): readonly DeploySource[] {
  return sources.filter(({ told }) => told !== 'no');
}

function sourceKey({ repository, sha }: HeadSource): string {
  return `${repository} ${sha}`;
}

/**
 * A deploy is told on the commits of other repositories that it brings: on those that the last one did not have, and on those
 * that the last one did not get to the end with.
 */
function beginSources(
  from: readonly HeadSource[],
  of: { readonly last: Deploy | null; readonly active: Deploy | null },
): readonly DeploySource[] {
  const before = new Set((of.last?.sources ?? []).map(sourceKey));
  const pending = new Set(of.active === null ? [] : toldOf(of.active).map(sourceKey));
  const sources = new Map(from.map((source) => [sourceKey(source), source]));
  return Array.from(sources, ([key, { repository, sha }]) => {
    const isOld = before.has(key) && !pending.has(key);
    return { repository, sha, told: isOld ? 'no' : 'changed' };
  });
}

function isSame(one: readonly Problem[], other: readonly Problem[]): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

/** Deploys whose announcement a crash may have swallowed: far more than can be under way at a time. */
const RESUMED = 20;
/** Commits whose status follows one deploy. */
const CARRIED = 50;
/** The same of other repositories, and those that it began with. */
const SOURCES = 200;

/** The phase after `wanted` was asked for: one that may not follow leaves things as they are. */
function reached(from: DeployPhase, wanted: DeployPhase): DeployPhase {
  return mayFollow(from, wanted) ? wanted : from;
}

function differs(current: Deploy, patch: DeployPatch): boolean {
  return Object.entries(patch).some(([key, value]) => current[key as keyof Deploy] !== value);
}

function successMessage(updated: number, wanted: number): string {
  const running = wanted === 0 ? 'nothing to run' : `${wanted} running`;
  if (updated === 0) return `nothing to change, ${running}`;
  return `${updated} ${updated === 1 ? 'instance' : 'instances'} updated, ${running}`;
}
