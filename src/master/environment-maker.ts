import type { EnvironmentNews } from '../forge/environment-status.ts';
import type { PullRequest } from '../forge/forge.ts';
import { type PreviewStacks, previewStackName } from '../manifest/preview-stacks.ts';
import { digest } from '../model/digest.ts';
import { errorMessage } from '../model/error.ts';
import type { PreviewPolicy } from '../model/grid.ts';
import { isOpen } from '../model/preview-environment.ts';
import type { Problem } from '../model/problem.ts';
import type { Log } from '../runtime/log.ts';
import type { Environments } from './environments.ts';

export interface MakerPorts {
  /** The grids that may have something for pull requests at a commit of the branch. */
  readonly grids: (base: string) => Promise<readonly string[]>;
  readonly owns: (grid: string) => boolean;
  readonly inputs: (sha: string, grid: string) => Promise<string | null>;
  /** Why nothing of a request's commit may be read for the grid; `null`: it may. */
  readonly objection: (head: string, grid: string) => Promise<Problem | null>;
  /** The stacks of a request, from a commit's files, by the rules of the branch. `null`: it cannot be read for now. */
  readonly stacks: (of: {
    readonly grid: string;
    readonly base: string;
    readonly merged: string;
    readonly request: { readonly number: number; readonly head: string };
  }) => Promise<PreviewStacks | null>;
  readonly tell: (of: {
    readonly grid: string;
    readonly sha: string;
    readonly news: EnvironmentNews;
  }) => Promise<void>;
}

export interface EnvironmentMakerOptions {
  /** As the settings call it. */
  readonly repository: string;
  readonly environments: Environments;
  readonly ports: MakerPorts;
  readonly log: Log;
}

interface Look {
  readonly request: Pick<PullRequest, 'number' | 'head' | 'isFork'>;
  /** What the branch points at. */
  readonly base: string;
  /** What merging it makes; `null`: it cannot be merged, or nobody knows: what runs stays. */
  readonly merged: string | null;
}

/**
 * Decides what runs for the pull requests of one repository. What may run the branch says, never the request; nothing from a
 * fork does, whoever asks for it.
 */
export class EnvironmentMaker {
  readonly #options: EnvironmentMakerOptions;
  /** Requests that this process has looked at. */
  readonly #seen = new Set<number>();
  /** Those that had to wait for others. */
  readonly #waiting = new Set<number>();
  #known: { readonly base: string; readonly grids: readonly string[] } | null = null;

  constructor(options: EnvironmentMakerOptions) {
    this.#options = options;
  }

  /** Whether to look at a request although nothing of it has changed. */
  async isDue(number: number, base: string): Promise<boolean> {
    return !this.#seen.has(number) && (await this.#grids(base)).length > 0;
  }

  /** Never rejects. */
  async look(of: Look): Promise<void> {
    const { number, head } = of.request;
    try {
      for (const grid of await this.#grids(of.base)) await this.#lookAt(grid, of);
      this.#seen.add(number);
    } catch (error) {
      // The next pass tries again.
      this.#seen.delete(number);
      const message = errorMessage(error);
      this.#options.log.warn({ number, head: head.sha, error: message }, 'cannot run a preview');
    }
  }

  /** Ends what runs for all others. */
  async keepOnly(open: ReadonlySet<number>): Promise<void> {
    const { repository, environments } = this.#options;
    for (const one of environments.openOf(repository))
      if (!open.has(one.request)) await this.#close(one.grid, one.request);
    for (const number of this.#seen) if (!open.has(number)) this.#seen.delete(number);
    for (const number of this.#waiting) if (!open.has(number)) this.#waiting.delete(number);
  }

  async #grids(base: string): Promise<readonly string[]> {
    const { repository, environments, ports } = this.#options;
    if (this.#known?.base !== base) this.#known = { base, grids: await ports.grids(base) };
    const running = environments.openOf(repository).map(({ grid }) => grid);
    return [...new Set([...this.#known.grids, ...running])].toSorted();
  }

  async #lookAt(grid: string, of: Look): Promise<void> {
    const { request, base, merged } = of;
    const { number } = request;
    const { ports } = this.#options;
    if (request.isFork || !ports.owns(grid)) {
      await this.#close(grid, number);
      return;
    }
    if (merged === null) return;
    const head = request.head.sha;
    const objection = await ports.objection(head, grid);
    if (objection !== null) return await this.#object(grid, of, objection);
    const made = await ports.stacks({ grid, base, merged, request: { number, head } });
    if (made === null || made.policy === null) return;
    const wanted = await this.#wanted(grid, of, { policy: made.policy, made });
    const stacks = made.stacks.filter(({ name }) => wanted(name));
    const problems = made.problems.filter(({ stack }) => stack === undefined || wanted(stack));
    const hasErrors = problems.some(({ severity }) => severity === 'error');
    if (hasErrors) {
      const isWanted = made.failed.some(wanted) || stacks.length > 0;
      if (isWanted) await ports.tell({ grid, sha: head, news: { kind: 'invalid', problems } });
      return;
    }
    if (stacks.length === 0) {
      // Its status would say for ever what runs.
      if (await this.#close(grid, number))
        await ports.tell({ grid, sha: head, news: { kind: 'ended' } });
      return;
    }
    await this.#run(grid, { number, head, stacks, url: made.url, limit: made.policy.limit });
  }

  /** Nothing of it is read: whether it would run anything is not known. */
  async #object(grid: string, of: Look, objection: Problem): Promise<void> {
    const { ports } = this.#options;
    const sha = of.request.head.sha;
    if (await this.#touches(grid, of))
      await ports.tell({ grid, sha, news: { kind: 'invalid', problems: [objection] } });
  }

  async #touches(grid: string, { base, merged }: Look): Promise<boolean> {
    const { ports } = this.#options;
    return (await ports.inputs(base, grid)) !== (await ports.inputs(merged ?? base, grid));
  }

  async #run(
    grid: string,
    of: Pick<PreviewStacks, 'stacks' | 'url'> & {
      readonly number: number;
      readonly head: string;
      readonly limit: number;
    },
  ): Promise<void> {
    const { repository, environments, ports } = this.#options;
    const { number: request, head, stacks, url, limit } = of;
    const others = environments
      .of(grid)
      .filter((one) => isOpen(one) && (one.request !== request || one.repository !== repository));
    const isRunning = environments
      .openOf(repository)
      .some((one) => one.grid === grid && one.request === request);
    if (!isRunning && others.length >= limit) {
      this.#waiting.add(request);
      const requests = others.map((one) => one.request);
      const news = { kind: 'waiting', limit, requests } as const;
      return await ports.tell({ grid, sha: head, news });
    }
    this.#waiting.delete(request);
    const known = environments.find({ grid, repository, request });
    // Told before it is wanted: what becomes of it must not be overtaken by this.
    if (known?.head !== head || !isOpen(known))
      await ports.tell({ grid, sha: head, news: { kind: 'running', message: '' } });
    await environments.put({ grid, repository, request, head, stacks, url });
  }

  /** Which of the stacks the request is to run: by the names that they have for it. */
  async #wanted(
    grid: string,
    of: Look,
    { policy, made }: { readonly policy: PreviewPolicy; readonly made: PreviewStacks },
  ): Promise<(stack: string) => boolean> {
    const { ports } = this.#options;
    const { base, request } = of;
    const { number, head } = request;
    const names = Object.entries(policy.stacks);
    const always = names.flatMap(([name, { when }]) => (when === 'always' ? [name] : []));
    const asked = names.map(([name]) => name).filter((name) => !always.includes(name));
    const isTouched = asked.length > 0 && (await this.#touches(grid, of));
    const before = isTouched
      ? await ports.stacks({ grid, base, merged: base, request: { number, head: head.sha } })
      : null;
    const changed = asked.filter((name) => {
      const family = previewStackName(name, number);
      return before !== null && familyOf(before, family) !== familyOf(made, family);
    });
    const families = [...always, ...changed].map((name) => previewStackName(name, number));
    return (stack) => families.some((family) => isOfFamily(stack, family));
  }

  /** False when nothing ran, or waited for that. */
  async #close(grid: string, request: number): Promise<boolean> {
    const { repository, environments } = this.#options;
    const hasWaited = this.#waiting.delete(request);
    const hasRun = await environments.close({ grid, repository, request });
    if (hasRun) for (const number of this.#waiting) this.#seen.delete(number);
    return hasRun || hasWaited;
  }
}

/** A stack, and what it brings along. */
function isOfFamily(stack: string, family: string): boolean {
  return stack === family || stack.startsWith(`${family}-`);
}

/** What the files say, wherever it is written. */
function familyOf({ stacks, failed }: PreviewStacks, family: string): string {
  const own = stacks.filter(({ name }) => isOfFamily(name, family));
  const services = own.map(({ name, services: its }) => [
    name,
    its.map((service) => ({ ...service, position: null })),
  ]);
  return digest([services, failed.filter((name) => isOfFamily(name, family))]);
}
