/** How long reports are gathered before they are looked at. */
const GATHER_MILLISECONDS = { least: 2, most: 250 } as const;
/** Of the time that a look takes. */
const GATHER_FACTOR = 3;

/** When to look again. */
export class WakeUps {
  readonly #wake: () => void;
  #timer: NodeJS.Timeout | null = null;
  #gathering: NodeJS.Timeout | null = null;
  #gatherFor: number = GATHER_MILLISECONDS.least;

  constructor(wake: () => void) {
    this.#wake = wake;
  }

  /**
   * Something was reported. A look at thousands of nodes takes long, and as many reports may come at once: they are
   * gathered for longer than the last look took, so that looking never takes more than a quarter of the time.
   */
  reported(): void {
    this.#gathering ??= setTimeout(() => {
      this.#gathering = null;
      this.#wake();
    }, this.#gatherFor);
  }

  /** The last look took so long. */
  took(milliseconds: number): void {
    const { least, most } = GATHER_MILLISECONDS;
    this.#gatherFor = Math.min(most, Math.max(least, GATHER_FACTOR * milliseconds));
  }

  /** In place of what was said before. */
  in(milliseconds: number): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = setTimeout(this.#wake, milliseconds);
    this.#timer.unref();
  }

  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    if (this.#gathering !== null) clearTimeout(this.#gathering);
  }
}
