/** One line of the engine's answer to a pull. */
interface PullLine {
  readonly id?: string;
  readonly status?: string;
  readonly progressDetail?: { readonly current?: number; readonly total?: number };
  readonly error?: string;
}

/** Milliseconds between two reports: people read them, and each becomes a message to the master. */
const REPORT_INTERVAL = 500;

/** Follows a pull, layer by layer. The sum only counts layers whose size is known yet, so it may step back. */
export class PullProgress {
  readonly #layers = new Map<string, { done: number; size: number }>();
  readonly #report: (percent: number) => void;
  #rest = '';
  #reportedAt = -Infinity;
  #reported = -1;
  #error: string | null = null;

  constructor(report: (percent: number) => void) {
    this.#report = report;
  }

  /** What the registry refused, once it did. */
  get error(): string | null {
    return this.#error;
  }

  /** `now` in milliseconds. Lines that are not JSON are skipped: progress is not worth failing for. */
  add(chunk: string, now: number): void {
    const lines = (this.#rest + chunk).split('\n');
    this.#rest = lines.pop() ?? '';
    for (const line of lines) this.#addLine(line);
    this.#tell(now);
  }

  #addLine(text: string): void {
    const line = parse(text);
    if (line === null) return;
    if (typeof line.error === 'string') this.#error = line.error;
    if (line.id === undefined) return;
    const { current, total } = line.progressDetail ?? {};
    if (line.status === 'Downloading' && typeof total === 'number' && total > 0)
      this.#layers.set(line.id, { done: Math.min(current ?? 0, total), size: total });
    const layer = this.#layers.get(line.id);
    if (layer !== undefined && line.status !== 'Downloading') layer.done = layer.size;
  }

  #tell(now: number): void {
    let [done, size] = [0, 0];
    for (const layer of this.#layers.values()) {
      done += layer.done;
      size += layer.size;
    }
    const percent = size === 0 ? 0 : Math.floor((done / size) * 100);
    if (size === 0 || percent === this.#reported || now - this.#reportedAt < REPORT_INTERVAL)
      return;
    this.#reported = percent;
    this.#reportedAt = now;
    this.#report(percent);
  }
}

function parse(text: string): PullLine | null {
  try {
    const value = JSON.parse(text) as PullLine | null;
    return typeof value === 'object' ? value : null;
  } catch {
    return null;
  }
}
