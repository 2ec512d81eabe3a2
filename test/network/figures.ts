/** What a run measured, for people: printed as one table at its end, never judged by its size. */
export class Figures {
  readonly #rows: (readonly [string, string])[] = [];

  add(event: string, figure: string): void {
    this.#rows.push([event, figure]);
  }

  /** Milliseconds from one moment to another. */
  since(event: string, from: number, to: number): void {
    this.add(event, `${Math.max(0, Math.round(to - from))} ms`);
  }

  print(title: string): void {
    const width = Math.max(...this.#rows.map(([event]) => event.length));
    const lines = this.#rows.map(([event, figure]) => `  ${event.padEnd(width)}  ${figure}`);
    process.stdout.write(`\n${[title, ...lines].join('\n')}\n\n`);
  }
}
