import type { EnvironmentNews } from '../forge/environment-status.ts';
import type { Forge, PersonsComment, PullRequest, RepositoryName } from '../forge/forge.ts';
import type { DesiredState } from '../model/desired.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { Grid } from '../model/grid.ts';
import type { Plan } from '../model/plan.ts';
import type { PreviewedPlan, PreviewedSignature, PreviewOutcome } from '../model/preview.ts';
import type { PreviewEnvironment } from '../model/preview-environment.ts';
import { gateAt } from '../planner/gate.ts';
import { gridPreview } from '../planner/preview.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { inboxOf } from '../store/of-repository.ts';
import { CLOSED_REQUEST_AGE, type Store } from '../store/store.ts';
import type { Repository } from '../sync/repository.ts';
import { type Rerun, rerunChecks } from './check-reruns.ts';
import { CommentPoll } from './comment-poll.ts';
import { closedMessage } from './deploy-gate.ts';
import { EnvironmentMaker, type MakerPorts } from './environment-maker.ts';
import type { Environments } from './environments.ts';
import type { Fleet } from './fleet.ts';
import type { Freezes } from './freezes.ts';
import type { EnvironmentVerdict } from './grid-environments.ts';
import type { GridSwitches } from './grid-switches.ts';
import type { Grids } from './grids.ts';
import { type MergeGroup, MergeGroups, type PlannedGroup } from './merge-groups.ts';
import { createPlanReview, type PlanReview, ShownPlans } from './plan-review.ts';
import { type AffectedGrid, type DescribedGrid, previewGrid } from './preview-grids.ts';
import type { PreviewBasis, PreviewerPorts } from './previewer.ts';
import { createPrivacy } from './privacy.ts';
import { type KnownRequest, PullRequests } from './pull-requests.ts';
import { type CommandDeeds, RequestCommands } from './request-commands.ts';
import type { GridHead, ReadingPorts } from './revision.ts';

export interface PullRequestDeskOptions {
  /** As the settings call it, and as the forge does. */
  readonly name: string;
  readonly repository: RepositoryName;
  readonly branch: string;
  readonly forge: Forge;
  readonly git: Pick<Repository, 'fetchRef' | 'forgetRef' | 'merge' | 'grids'>;
  /** What a grid is at a commit, with what it takes from other repositories. */
  readonly head: (sha: string, grid: string) => Promise<GridHead>;
  readonly store: Pick<Store, 'pullRequests' | 'previews' | 'inbox'>;
  readonly grids: Grids;
  /** Whether a grid is this repository's. */
  readonly owns: (grid: string) => boolean;
  readonly fleet: Fleet;
  readonly switches: Pick<GridSwitches, 'freeze' | 'unfreeze'>;
  readonly freezes: Pick<Freezes, 'of'>;
  /** What the branch points at, as it is mirrored; `null`: nothing is, yet. */
  readonly base: () => string | null;
  /** How commits are read, without keeping anything of it as good. */
  readonly reading: (grid: string) => ReadingPorts;
  /** Whether a commit is signed as it is wanted for a grid; `null`: nobody wants it. */
  readonly signature: (sha: string, grid: string) => Promise<PreviewedSignature | null>;
  /** Against what is observed now; nothing comes of it. */
  readonly plan: (desired: DesiredState) => Plan;
  readonly teller: PreviewTeller;
  /** What pull requests run, and how that is made. */
  readonly environments: Environments;
  readonly makes: Pick<MakerPorts, 'grids' | 'stacks' | 'objection'>;
  /** Confirms the held deploy that has a plan with this hash; gives its grid. */
  readonly approve: (hash: string, actor: string) => Promise<string>;
  readonly clock: Clock;
  readonly log: Log;
}

/** Who says what becomes of previews: in statuses, in comments, on pages. */
export interface PreviewTeller {
  /** `also`: the grids that have a status on that commit already. */
  planning(of: { readonly sha: string; readonly also: readonly string[] }): Promise<void>;
  /** What was shown of that request does not hold any more. `also`: as above. */
  stale(of: { readonly request: PullRequest; readonly also: readonly string[] }): Promise<void>;
  request(of: {
    readonly request: PullRequest;
    readonly base: string;
    readonly outcome: PreviewOutcome;
    readonly also: readonly string[];
  }): Promise<void>;
  /** It is not open any more. */
  gone(number: number): Promise<void>;
  group(group: MergeGroup, outcome: PreviewOutcome): Promise<void>;
  /** Whether something final was said of a commit. */
  isTold(sha: string): Promise<boolean>;
  /** How the plan of a commit that is deployed compares with what was shown. */
  compared(of: {
    readonly grid: string;
    readonly sha: string;
    readonly text: string;
  }): Promise<void>;
  /** What has become of what a request runs in a grid. */
  environment(of: {
    readonly grid: string;
    readonly sha: string;
    readonly news: EnvironmentNews;
    /** Where it is to be found. */
    readonly url: string | null;
  }): Promise<void>;
  /** Says a check run once more, where there is one. */
  repeatCheck(sha: string, name: string): Promise<void>;
  answer(of: {
    readonly number: number;
    readonly about: string;
    readonly text: string;
  }): Promise<void>;
}

/** Everything about the pull requests of one repository: previews, commands, merge queues, and what was reviewed. */
export class PullRequestDesk {
  readonly #options: PullRequestDeskOptions;
  readonly #shown = new ShownPlans();
  /** Of open requests, by number. */
  readonly #lastShown = new Map<number, KeptRequest['shown']>();
  readonly #requests: PullRequests;
  readonly #groups: MergeGroups;
  readonly #commands: RequestCommands;
  readonly #comments: CommentPoll;

  constructor(options: PullRequestDeskOptions) {
    const { forge, repository, store, log, clock, teller, git } = options;
    this.#options = options;
    const previewer = createPreviewer(options);
    this.#requests = new PullRequests({
      ...options,
      previewer,
      environments: createMaker(options),
      isBusy: (grid) => options.grids.running.get(grid)?.view.isDeploying ?? false,
      load: async () => await this.#load(),
      save: async (known) => await this.#save(known),
      tell: {
        planning: async ({ head }, also) => await teller.planning({ sha: head.sha, also }),
        stale: async (request, also) => await teller.stale({ request, also }),
        previewed: async (of) => await this.#previewed(of),
        gone: async (number) => {
          this.#lastShown.delete(number);
          await store.pullRequests.close(options.name, number, clock.now());
          await teller.gone(number);
        },
      },
      forgetRef: async (ref) => await git.forgetRef(ref),
      onLooked: () => undefined,
    });
    this.#groups = new MergeGroups({
      ...options,
      previewer,
      forgetRef: async (ref) => await git.forgetRef(ref),
      waiting: async () => {
        const groups = await forge.mergeQueue?.groups(repository, options.branch);
        return (groups ?? []).map((group) => ({ ...group, number: numberIn(group.ref) }));
      },
      isTold: async (sha) => await teller.isTold(sha),
      planning: async ({ sha }) => await teller.planning({ sha, also: [] }),
      previewed: async (group, made) => await this.#grouped(group, made),
    });
    this.#commands = new RequestCommands({
      repository,
      forge,
      inbox: inboxOf(store.inbox, options.name),
      requests: this.#requests,
      deeds: commandDeeds(options),
      reply: async (of) => await teller.answer(of),
      clock,
      log,
    });
    const take = async (comment: PersonsComment) => await this.#commands.take(comment);
    this.#comments = new CommentPoll({
      name: options.name,
      repository,
      forge,
      records: store.pullRequests,
      take,
      clock,
    });
  }

  get open(): readonly PullRequest[] {
    return this.#requests.open;
  }

  /** A pull request may have changed, or the branch has. */
  wake(): void {
    this.#requests.wake();
  }

  /** After each look at the repository. Never rejects. */
  async looked(): Promise<void> {
    this.#requests.wake();
    const { log } = this.#options;
    try {
      await this.#groups.look();
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'merge queue not read; it is later');
    }
    try {
      await this.#comments.look();
    } catch (error) {
      log.warn({ error: errorMessage(error) }, 'comments not read; they are later');
    }
  }

  comment(comment: PersonsComment): void {
    void this.#commands.take({ ...comment, at: Math.min(comment.at, this.#options.clock.now()) });
  }

  async environment(
    { grid, head: sha, url, stacks }: PreviewEnvironment,
    { phase, message }: EnvironmentVerdict,
  ): Promise<void> {
    const names = stacks.map(({ name }) => name);
    const news =
      phase === 'succeeded' ? { kind: phase, stacks: names } : ({ kind: phase, message } as const);
    await this.#options.teller.environment({ grid, sha, news, url });
  }

  /** `base`: the branch that it is to become; what is built for another one is none of ours. */
  mergeGroup({ base, sha, ref }: Omit<MergeGroup, 'number'> & { readonly base: string }): void {
    if (base === this.#options.branch) this.#groups.take({ sha, ref, number: numberIn(ref) });
  }

  /** Somebody wants check runs once more. */
  async rerun(rerun: Rerun): Promise<void> {
    const { forge, repository, grids, owns, teller, clock } = this.#options;
    const ports = {
      open: () => this.#requests.open,
      ask: async (number: number) => await this.#requests.ask(number, clock.now(), rerun.sha),
      mayWrite: async (user: string) => await forge.mayWrite(repository, user),
      repeat: async (sha: string, name: string) => await teller.repeatCheck(sha, name),
      grids: () => [...grids.running.keys()].filter(owns),
    };
    await rerunChecks(ports, rerun);
  }

  observed(grid: string): void {
    this.#requests.observed(grid);
  }

  review(grid: string): PlanReview {
    return createPlanReview({
      grid,
      shown: this.#shown,
      previewed: async (number) => await this.#planShown(number, grid),
      tell: async ({ sha, text }) => await this.#options.teller.compared({ grid, sha, text }),
    });
  }

  async stop(): Promise<void> {
    await this.#requests.stop();
    await this.#groups.stop();
  }

  /** To be called before anything is deployed: what was reviewed is asked for then. */
  async start(): Promise<void> {
    for (const { number, known, closedAt } of await this.#records()) {
      this.#shown.note(number, known.shown);
      if (closedAt === null) this.#lastShown.set(number, known.shown);
    }
  }

  async #planShown(number: number, grid: string): Promise<PreviewedPlan | null> {
    const { owner, name } = this.#options.repository;
    const repository = `${owner}/${name}`;
    const preview = await this.#options.store.previews.newest({ repository, number });
    if (preview?.outcome.kind !== 'planned') return null;
    return preview.outcome.grids.find((one) => one.grid === grid)?.plan ?? null;
  }

  async #records() {
    const { store, clock } = this.#options;
    const since = clock.now() - CLOSED_REQUEST_AGE;
    return await store.pullRequests.list<KeptRequest>(this.#options.name, since);
  }

  async #load(): Promise<readonly KnownRequest[]> {
    const records = await this.#records();
    return records.filter(({ closedAt }) => closedAt === null).map(({ known }) => known.request);
  }

  async #previewed(of: {
    readonly request: PullRequest;
    readonly base: string;
    readonly outcome: PreviewOutcome;
    readonly basis: PreviewBasis;
    readonly before: readonly string[];
  }): Promise<void> {
    const { request, base, outcome, basis, before } = of;
    const shown = shownOf(basis.affected, outcome);
    this.#shown.note(request.number, shown);
    await this.#options.teller.request({ request, base, outcome, also: before });
    this.#lastShown.set(request.number, shown);
  }

  async #save(request: KnownRequest): Promise<void> {
    const { store, name: repository } = this.#options;
    const { number } = request;
    const known: KeptRequest = { request, shown: this.#lastShown.get(number) ?? [] };
    await store.pullRequests.put({ repository, number, known });
  }

  async #grouped(group: MergeGroup, { outcome, affected }: PlannedGroup): Promise<void> {
    this.#shown.note(group.number, shownOf(affected, outcome));
    await this.#options.teller.group(group, outcome);
  }
}

interface KeptRequest {
  readonly request: KnownRequest;
  readonly shown: Parameters<ShownPlans['note']>[1];
}

function createPreviewer(options: PullRequestDeskOptions): PreviewerPorts {
  const { git, grids, reading, plan, fleet } = options;
  const isPrivate = createPrivacy(options);
  return {
    fetchRef: async (ref, signal) => await git.fetchRef(ref, signal),
    merge: async (base, head) => await git.merge(base, head),
    grids: async (sha) => await git.grids(sha),
    inputs: async (sha, grid) => (await options.head(sha, grid)).inputs,
    grid: async (affected, { commit, head }) => {
      const { grid } = affected;
      const controller = grids.running.get(grid);
      const showValues = await isPrivate();
      const ports = {
        head: options.head,
        revision: reading(grid),
        wanted: () => controller?.view.prepared?.desired ?? null,
        plan,
        closed: (desired: DesiredState) => closedNow(options, desired.grid),
        describe: (of: DescribedGrid) =>
          gridPreview({
            grid,
            base: of.before,
            merged:
              of.after === null || of.plan === null ? null : { desired: of.after, plan: of.plan },
            problems: of.problems,
            closed: of.closed,
            nodes: fleet.observedState(grid, of.after?.grid.nodes ?? {}).nodes,
            options: { showValues },
          }),
      };
      const made = await previewGrid(ports, affected, commit);
      const signature = await options.signature(head, grid);
      return signature === null ? made : { ...made, signature };
    },
  };
}

function createMaker(options: PullRequestDeskOptions): EnvironmentMaker {
  const { name, environments, makes, log, teller } = options;
  return new EnvironmentMaker({
    repository: name,
    environments,
    log,
    ports: {
      ...makes,
      owns: options.owns,
      inputs: async (sha, grid) => (await options.head(sha, grid)).inputs,
      tell: async (of) => await teller.environment({ ...of, url: null }),
    },
  });
}

/** As a push would find it now. */
function closedNow(
  { freezes, clock }: Pick<PullRequestDeskOptions, 'freezes' | 'clock'>,
  { name, windows = [] }: Grid,
): string | null {
  const freeze = freezes.of(name);
  const gate = gateAt({ windows, freeze, now: clock.now() });
  return gate.open ? null : closedMessage(gate, freeze);
}

function commandDeeds(options: PullRequestDeskOptions): CommandDeeds {
  const { grids, owns, switches, clock, approve } = options;
  const known = (grid: string): string => {
    if (grids.running.has(grid) && owns(grid)) return grid;
    throw new GridError({ code: 'not-found', message: `there is no grid ${grid}` });
  };
  return {
    freeze: async (grid, hours, actor) => {
      const until = hours === null ? null : clock.now() + hours * 3_600_000;
      await switches.freeze(known(grid), { until, reason: '' }, actor);
    },
    unfreeze: async (grid, actor) => await switches.unfreeze(known(grid), actor),
    approve,
  };
}

function shownOf(affected: readonly AffectedGrid[], outcome: PreviewOutcome): KeptRequest['shown'] {
  if (outcome.kind !== 'planned') return [];
  const hashes = new Map(outcome.grids.map(({ grid, plan }) => [grid, plan?.hash ?? null]));
  return affected.map((one) => ({ ...one, hash: hashes.get(one.grid) ?? null }));
}

/** A queue's branches are named after the request that was put into it last. */
function numberIn(ref: string): number {
  return Number(/\/pr-(\d{1,15})-/.exec(ref)?.[1] ?? 0);
}
