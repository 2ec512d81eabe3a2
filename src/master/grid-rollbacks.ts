import { type Compiler, createCompiler } from '../manifest/compile.ts';
import type { DesiredState } from '../model/desired.ts';
import { GridError } from '../model/error.ts';
import type { Plan } from '../model/plan.ts';
import type { Seed } from '../model/seed.ts';
import { explainPlan } from '../planner/explain.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Deploys } from '../store/deploys.ts';
import type { RecordEvent } from './event-log.ts';
import { type LastGood, prepare } from './prepare.ts';
import type { Repositories } from './repositories.ts';
import type { RepositoryPart } from './repository-part.ts';
import type { GridHead, ReadingPorts } from './revision.ts';
import { createRollbacks, type Rollbacks } from './rollback.ts';
import type { Verification } from './verification.ts';

export interface GridRollbacksOptions {
  readonly repositories: Pick<Repositories, 'ofGrid'>;
  readonly seed: Seed;
  readonly readFiles: ReadingPorts['source'];
  /** A head with what the grid takes from other repositories. */
  readonly complete: (grid: string, head: GridHead, signal: AbortSignal) => Promise<GridHead>;
  readonly verifications: (repository: string) => Verification;
  readonly lastGood: (grid: string) => Promise<LastGood | null>;
  /** As things are now; nothing comes of it. */
  readonly plan: (desired: DesiredState) => Plan;
  readonly deploys: Pick<Deploys, 'list'>;
  readonly clock: Clock;
  readonly onEvent: RecordEvent;
}

/** For one look at what a grid takes from another repository. */
const LOOKUP_MILLISECONDS = 60_000;

/** Each grid is rolled back in the repository that it belongs to. */
export function createGridRollbacks(options: GridRollbacksOptions): Rollbacks {
  // Its own: what the controllers compiled last stays the same.
  const compiler = createCompiler({ seed: options.seed });
  return {
    rollBack: async (grid, wish, actor) => {
      const part = options.repositories.ofGrid(grid);
      if (part === null)
        throw new GridError({
          code: 'not-found',
          message: `no repository that is followed has the grid ${grid}`,
        });
      return await rollbacksOf(part, compiler, options).rollBack(grid, wish, actor);
    },
  };
}

function rollbacksOf(
  part: RepositoryPart,
  compiler: Compiler,
  of: GridRollbacksOptions,
): Rollbacks {
  const { repository, forge, options, name } = part;
  const compile = async (sha: string, grid: string) => {
    const head = { repository: name, sha, inputs: await repository.inputs(sha, grid) };
    if (head.inputs === null) return compiler.compile({ sha, inputs: '', files: new Map() }, grid);
    const whole = await of.complete(grid, head, AbortSignal.timeout(LOOKUP_MILLISECONDS));
    return compiler.compile(await of.readFiles(whole, grid), grid);
  };
  return createRollbacks({
    ...of,
    repository,
    branch: options.repository.branch,
    forge:
      forge === null || options.forge.kind === 'none'
        ? null
        : { port: forge, name: { owner: options.forge.owner, name: options.forge.name } },
    wantsSignature: (grid) => of.verifications(name).isWanted(grid),
    compile,
    plan: async (grid, sha) => {
      const prepared = prepare(await compile(sha, grid), await of.lastGood(grid), sha);
      return prepared === null ? null : explainPlan(of.plan(prepared.desired));
    },
    onPushed: () => part.loop.wake(),
  });
}
