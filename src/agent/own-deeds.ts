import type { ContainerStep } from '../model/container.ts';

/**
 * What this agent does to one instance's containers, and has done: nobody else is to blame for what comes of it, and it is no
 * crash. One for all that carry out steps of an instance.
 */
export class OwnDeeds {
  readonly #stopped = new Set<string>();
  readonly #removed = new Set<string>();
  readonly #underWay = new Set<string>();

  begin(step: ContainerStep): void {
    const container = containerOf(step);
    if (container === null) return;
    const { kind } = step;
    this.#underWay.add(container);
    if (kind === 'stop-container') this.#stopped.add(container);
    if (kind === 'start-container') this.#stopped.delete(container);
    if (kind === 'remove-container') this.#removed.add(container);
  }

  end(step: ContainerStep): void {
    const container = containerOf(step);
    if (container !== null) this.#underWay.delete(container);
  }

  /** Whether a step is under way on it: what the engine tells of it is looked at after the step. */
  isUnderWay(container: string): boolean {
    return this.#underWay.has(container);
  }

  /** Whether it was told to stop, and not started since. */
  isStopped(container: string): boolean {
    return this.#stopped.has(container);
  }

  isRemoved(container: string): boolean {
    return this.#removed.has(container);
  }

  /** What was told to stop, and has been given its time. */
  get halted(): readonly string[] {
    return [...this.#stopped].filter((id) => !this.#underWay.has(id));
  }

  /** Somebody else has started it again: how that ends is not our doing. */
  disown(container: string): void {
    this.#stopped.delete(container);
  }

  /** Containers that are no longer there need not be remembered. */
  prune(present: ReadonlySet<string>): void {
    for (const ids of [this.#stopped, this.#removed])
      for (const id of ids) if (!present.has(id)) ids.delete(id);
  }
}

function containerOf(step: ContainerStep): string | null {
  return 'container' in step ? step.container : null;
}
