import type { Forge } from '../forge/forge.ts';
import { createReporter, type Reporter } from '../forge/reporter.ts';
import { errorMessage } from '../model/error.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import type { Teardown } from '../runtime/teardown.ts';
import { inboxOf, outboxOf } from '../store/of-repository.ts';
import type { Store } from '../store/store.ts';
import type { Repository } from '../sync/repository.ts';
import { type Announcer, createAnnouncer } from './announcer.ts';
import type { GridOwners } from './grid-owners.ts';
import type { TrackedOptions } from './options.ts';
import { RepositoryLoop } from './repository-loop.ts';
import { StackRefs } from './stack-refs.ts';
import {
  createForge,
  forgeName,
  isOf,
  isTracked,
  mayHaveGrid,
  openTracked,
} from './tracked-repository.ts';
import type { UpdateHub } from './update-hub.ts';
import { type OtherHint, WebhookIntake } from './webhook-intake.ts';

/** One repository that the master follows, with everything that is its own. */
export interface RepositoryPart {
  /** As the settings call it. */
  readonly name: string;
  readonly options: TrackedOptions;
  readonly holdsGrids: boolean;
  readonly holdsStacks: boolean;
  /** `null`: it has none. */
  readonly forge: Forge | null;
  readonly repository: Repository;
  /** `null` where there is no forge. */
  readonly reporter: Reporter | null;
  readonly announcer: Announcer;
  readonly loop: RepositoryLoop;
  readonly intake: WebhookIntake;
  /** What grids take from it; `null` where it holds no stacks. */
  readonly refs: StackRefs | null;
  /** The grids that belong to it. */
  grids(): readonly string[];
}

export interface PartOptions {
  /** Where the clones are. */
  readonly data: string;
  readonly store: Store;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
  readonly undo: Teardown;
  readonly hub: UpdateHub;
  readonly publicUrl: () => string;
  readonly owners: GridOwners;
  /** What tests put around a forge. */
  readonly around: ((forge: Forge) => Forge) | undefined;
  /** What a webhook tells that is no push; rejects when it is to be told again. */
  readonly onHint: (repository: string, hint: OtherHint) => Promise<void>;
  readonly onMoved: (part: RepositoryPart, head: string) => Promise<void>;
  /** After every look that worked. */
  readonly onLooked: (part: RepositoryPart, signal: AbortSignal) => Promise<void>;
  readonly onFailed: (part: RepositoryPart, error: unknown) => Promise<void>;
}

/** Opens it without talking to it. It is looked at when its loop is woken for the first time. */
export async function openPart(options: TrackedOptions, of: PartOptions): Promise<RepositoryPart> {
  const { data, undo, owners } = of;
  const { name, holds } = options;
  const made = createForge(options);
  const forge = made === null ? null : (of.around?.(made) ?? made);
  const reporter = forge === null ? null : startReporter(name, forge, of);
  const repository = await openTracked({ ...options, data }, forge);
  undo.push(`repository ${name}`, async () => await repository.close());
  const announcer = createAnnouncer({
    reporter,
    repository: forgeName(options),
    publicUrl: of.publicUrl,
    hub: of.hub,
    commitOf: async (id) => (await of.store.deploys.get(id))?.sha ?? null,
    environmentUrl: async (grid) =>
      (await of.store.revisions.lastGood(grid))?.gridDefinition.environmentUrl ?? null,
  });
  const opened = {
    name,
    options,
    holdsGrids: holds !== 'stacks',
    holdsStacks: holds !== 'grids',
    forge,
    repository,
    reporter,
    announcer,
    refs:
      holds === 'grids'
        ? null
        : new StackRefs({ source: repository, branch: options.repository.branch }),
    grids: () => owners.ownedBy(name),
  };
  const part: RepositoryPart = {
    ...opened,
    loop: new RepositoryLoop({
      repository,
      clock: of.clock,
      random: of.random,
      log: of.log,
      pollInterval: options.repository.pollSeconds * 1_000,
      publish: async (head) => await of.onMoved(part, head),
      onLooked: async (head, signal) => {
        await of.onLooked(part, signal);
        await part.intake.settle(head);
      },
      onFailed: async (error) => await of.onFailed(part, error),
    }),
    intake: createIntake(opened, { ...of, wake: () => part.loop.wake() }),
  };
  return part;
}

function startReporter(name: string, forge: Forge, of: PartOptions): Reporter {
  const { store, clock, random, log, undo } = of;
  const reporter = createReporter({
    outbox: outboxOf(store.outbox, name),
    forge,
    clock,
    random,
    log,
    onGaveUp: ({ kind, subject, topic }, error) =>
      log.error({ kind, subject, topic, error: error.message }, 'refused by the forge'),
  });
  undo.push(`reporter ${name}`, async () => await reporter.stop());
  return reporter;
}

function createIntake(
  part: Omit<RepositoryPart, 'loop' | 'intake'>,
  of: PartOptions & { readonly wake: () => void },
): WebhookIntake {
  const { options, repository, holdsGrids, holdsStacks } = part;
  return new WebhookIntake({
    secrets: options.webhookSecrets,
    inbox: inboxOf(of.store.inbox, part.name),
    clock: of.clock,
    // Which of its refs grids use is looked up when it is looked at.
    concerns: (push) => (holdsStacks ? isOf(options, push.fullName) : isTracked(options, push)),
    wake: of.wake,
    isAncestor: async (older, newer) => !holdsGrids || (await repository.isAncestor(older, newer)),
    onHint: async (hint) => await of.onHint(part.name, hint),
    ...(options.forge.kind === 'none' ? {} : { provider: options.forge.kind }),
    overtaken: async (sha, by) => {
      // Of another ref than the branch: no grid was ever to be at it.
      if (holdsStacks && !(await repository.isAncestor(sha, by))) return;
      for (const grid of part.grids())
        if ((await mayHaveGrid(repository, sha, grid)) && !(await wasDeployed(of.store, grid, sha)))
          await part.announcer.overtaken({ grid, sha, by });
    },
    onError: (error) =>
      of.log.error(
        { repository: part.name, error: errorMessage(error) },
        'webhook not processed; the next look tries again',
      ),
  });
}

/** Among the last deploys: an older one would not be what a push of this moment was overtaken by. */
async function wasDeployed(store: Store, grid: string, sha: string): Promise<boolean> {
  const deploys = await store.deploys.list(grid, { limit: 50 });
  return deploys.some((deploy) => deploy.sha === sha || deploy.carried.includes(sha));
}
