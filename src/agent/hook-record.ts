import path from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** One run of one container, or the time before its first start (`null`). */
export interface ContainerRun {
  readonly id: string;
  readonly startedAt: number | null;
}

interface Content {
  /** Keys of oneshot hooks that have succeeded, by instance path. */
  readonly done: Readonly<Record<string, readonly string[]>>;
  /** Keys of hooks that were run, by container. */
  readonly runs: Readonly<Record<string, RunEntry>>;
}

interface RunEntry {
  readonly instance: string;
  readonly startedAt: number | null;
  readonly hooks: readonly string[];
  /** When the last of them ended; `null`: none has. */
  readonly at: number | null;
  /** The one that runs inside of the container now, or was about to: its key, and the engine's id of its run. */
  readonly begun?: { readonly hook: string; readonly exec: string };
}

/** Of one instance; whoever renames a oneshot hook this often loses the oldest. */
const MAX_DONE = 1_000;

/**
 * Which hooks have been run, in `hooks.json` of the agent's directory: containers do not show it. An entry is durable before
 * anybody goes by it. What was run for a container is forgotten with the container; a oneshot hook that succeeded is
 * remembered as long as the instance belongs to this node, and by the master for as long as there is the service.
 */
export class HookRecord {
  readonly #save: (text: string) => Promise<void>;
  readonly #done: Map<string, readonly string[]>;
  readonly #runs: Map<string, RunEntry>;
  /** Read from disk: what they belong to may have gone while no agent ran. */
  readonly #unseen: Set<string>;
  #last: Promise<void> = Promise.resolve();
  #next: Promise<void> | null = null;

  constructor(of: {
    readonly text: string | null;
    readonly save: (text: string) => Promise<void>;
  }) {
    const content = of.text === null ? { done: {}, runs: {} } : (JSON.parse(of.text) as Content);
    this.#save = of.save;
    this.#done = new Map(Object.entries(content.done));
    this.#runs = new Map(Object.entries(content.runs));
    this.#unseen = new Set(this.#runs.keys());
  }

  /** Throws `invalid-configuration` for a file that is damaged: without it hooks that must run once would run again. */
  static async open(directory: string): Promise<HookRecord> {
    const file = path.join(directory, 'hooks.json');
    const text = await readText(file);
    try {
      return new HookRecord({ text, save: async (changed) => await writePrivately(file, changed) });
    } catch (error) {
      throw new GridError({
        code: 'invalid-configuration',
        message: `${file} is damaged: ${errorMessage(error)}`,
        hint: 'Restore it from a backup. Without it, hooks that have run are run again unless the master knows of them.',
        cause: error,
      });
    }
  }

  /** Keys of an instance’s oneshot hooks that have succeeded. */
  done(instance: string): readonly string[] {
    return this.#done.get(instance) ?? [];
  }

  /** Keys of the hooks that were run for this run of a container. */
  attempted(run: ContainerRun): readonly string[] {
    return this.#runOf(run)?.hooks ?? [];
  }

  /** When the last hook of this run ended; `null` when none was run. */
  lastAt(run: ContainerRun): number | null {
    return this.#runOf(run)?.at ?? null;
  }

  /** The engine's id of this hook's run inside of the container, unless it is known to have ended; `null`: there is none. */
  begun(run: ContainerRun, hook: string): string | null {
    const begun = this.#runOf(run)?.begun;
    return begun?.hook === hook ? begun.exec : null;
  }

  /**
   * A hook is about to be started. Durable when it resolves; when it rejects, it must not be started, and is known all the
   * same: the next attempt is at the same one.
   */
  async begin(of: {
    readonly instance: string;
    readonly run: ContainerRun;
    readonly hook: string;
    readonly exec: string;
  }): Promise<void> {
    const { instance, run, hook, exec } = of;
    const { hooks = [], at = null } = this.#runOf(run) ?? {};
    const entry = { instance, startedAt: run.startedAt, hooks, at, begun: { hook, exec } };
    this.#runs.set(run.id, entry);
    await this.#write();
  }

  /** A hook has ended. Durable when it resolves; when it rejects, nothing was noted. */
  async note(of: {
    readonly instance: string;
    readonly run: ContainerRun;
    readonly hook: string;
    /** It is a oneshot hook and has succeeded. */
    readonly isDone: boolean;
    readonly now: number;
  }): Promise<void> {
    const { instance, run, hook } = of;
    const { id, startedAt } = run;
    const before = { run: this.#runs.get(id), done: this.#done.get(instance) };
    const hooks = [...this.attempted(run).filter((key) => key !== hook), hook];
    this.#runs.set(id, { instance, startedAt, hooks, at: of.now });
    if (of.isDone) this.#add(instance, [hook]);
    try {
      await this.#write();
    } catch (error) {
      restore(this.#runs, id, before.run);
      restore(this.#done, instance, before.done);
      throw error;
    }
  }

  /** A oneshot hook has succeeded. Durable when it resolves; when it rejects, nothing was noted. */
  async complete(instance: string, hook: string): Promise<void> {
    const before = this.#done.get(instance);
    this.#add(instance, [hook]);
    try {
      await this.#write();
    } catch (error) {
      restore(this.#done, instance, before);
      throw error;
    }
  }

  /** What others know, and what is on disk with the assignment that says so: it need not be durable here at once. */
  async learn(instance: string, hooks: readonly string[]): Promise<void> {
    const known = this.done(instance);
    if (hooks.every((hook) => known.includes(hook))) return;
    this.#add(instance, hooks);
    await this.#write();
  }

  /** Forgets what was run for containers of the instance that are not there any more. */
  prune(instance: string, present: ReadonlySet<string>): void {
    for (const [id, run] of this.#runs)
      if (run.instance === instance && !present.has(id)) this.#runs.delete(id);
  }

  /** The first listing of all containers: those from before this process that are not in it are gone. */
  found(present: ReadonlySet<string>): void {
    for (const id of this.#unseen) if (!present.has(id)) this.#runs.delete(id);
    this.#unseen.clear();
  }

  /** Forgets the oneshot hooks of instances that do not belong to this node any more. */
  retain(instances: ReadonlySet<string>): void {
    for (const instance of this.#done.keys())
      if (!instances.has(instance)) this.#done.delete(instance);
  }

  #runOf({ id, startedAt }: ContainerRun): RunEntry | null {
    const entry = this.#runs.get(id);
    return entry?.startedAt === startedAt ? entry : null;
  }

  #add(instance: string, hooks: readonly string[]): void {
    const all = [...new Set([...this.done(instance), ...hooks])].slice(-MAX_DONE);
    this.#done.set(instance, all);
  }

  /** One write at a time; those who come while one is under way share the next. */
  async #write(): Promise<void> {
    this.#next ??= this.#afterLast(this.#last);
    await this.#next;
  }

  async #afterLast(last: Promise<void>): Promise<void> {
    await last.catch(() => undefined);
    const write = this.#save(this.#text());
    this.#last = write;
    this.#next = null;
    await write;
  }

  #text(): string {
    const content: Content = {
      done: Object.fromEntries(this.#done),
      runs: Object.fromEntries(this.#runs),
    };
    return JSON.stringify(content);
  }
}

function restore<T>(map: Map<string, T>, key: string, value: T | undefined): void {
  if (value === undefined) map.delete(key);
  else map.set(key, value);
}
