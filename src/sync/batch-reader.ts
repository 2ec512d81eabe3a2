import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import type { GitObject, ObjectReader } from './engine.ts';
import { ended, isStillborn } from './git-command.ts';

export interface BatchReaderOptions {
  readonly program: string;
  readonly args: readonly string[];
  readonly env: Readonly<Record<string, string>>;
}

/**
 * Objects through one long-lived `git cat-file --batch`: requests are pipelined and answered in order.
 *
 * - The process starts with the first read and again after it has died; a read is tried in two processes at most.
 * - Contents that are too large are dropped as they stream past.
 */
export class BatchReader implements ObjectReader {
  readonly #options: BatchReaderOptions;
  #batch: Batch | null = null;
  #closed = false;

  constructor(options: BatchReaderOptions) {
    this.#options = options;
  }

  async read(oid: string, maxBytes: number): Promise<GitObject | null> {
    try {
      return await this.#alive().read(oid, maxBytes);
    } catch {
      return await this.#alive().read(oid, maxBytes);
    }
  }

  async close(): Promise<void> {
    this.#closed = true;
    await this.#batch?.close();
  }

  #alive(): Batch {
    if (this.#closed) throw new Error('closed');
    if (this.#batch === null || this.#batch.isOver) this.#batch = new Batch(this.#options);
    return this.#batch;
  }
}

interface Pending {
  readonly oid: string;
  readonly maxBytes: number;
  readonly resolve: (object: GitObject | null) => void;
  readonly reject: (error: Error) => void;
}

/** What is being received of one object: `missing` more bytes, the line end after the content included. */
interface Content {
  readonly kind: GitObject['kind'];
  /** null: too large, to be dropped. */
  readonly chunks: Buffer[] | null;
  missing: number;
}

/**
 * One process. Its output is, for each request, `<oid> <kind> <size>\n<content>\n` or `<oid> missing\n`.
 */
class Batch {
  readonly #child: ChildProcessByStdio<Writable, Readable, Readable>;
  readonly #over: Promise<void>;
  readonly #pending: Pending[] = [];
  #header = '';
  #content: Content | null = null;
  #complaint = '';
  isOver = false;

  constructor(options: BatchReaderOptions) {
    this.#child = spawn(options.program, options.args, {
      env: options.env,
      stdio: ['pipe', 'pipe', 'pipe'],
    });
    this.#over = ended(this.#child).then(
      () => this.#end(new Error(`git cat-file has ended: ${this.#complaint}`)),
      (error: Error) => this.#end(error),
    );
    if (isStillborn(this.#child)) return;
    this.#child.stdin.on('error', () => undefined);
    this.#child.stdout.on('data', (chunk: Buffer) => this.#receive(chunk));
    this.#child.stderr.on('data', (chunk: Buffer) => {
      this.#complaint = `${this.#complaint}${chunk.toString('utf8')}`.slice(-400);
    });
  }

  read(oid: string, maxBytes: number): Promise<GitObject | null> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ oid, maxBytes, resolve, reject });
      if (!isStillborn(this.#child)) this.#child.stdin.write(`${oid}\n`);
    });
  }

  async close(): Promise<void> {
    this.isOver = true;
    if (!isStillborn(this.#child)) this.#child.stdin.end();
    await this.#over;
  }

  #end(error: Error): void {
    this.isOver = true;
    for (const pending of this.#pending.splice(0)) pending.reject(error);
  }

  #receive(chunk: Buffer): void {
    let rest = chunk;
    while (rest.length > 0) {
      rest =
        this.#content === null ? this.#takeHeader(rest) : this.#takeContent(this.#content, rest);
    }
  }

  #takeHeader(chunk: Buffer): Buffer {
    const end = chunk.indexOf(0x0a);
    this.#header += chunk.toString('latin1', 0, end < 0 ? chunk.length : end);
    if (end < 0) return chunk.subarray(chunk.length);
    const [, kind, size] = this.#header.split(' ');
    this.#header = '';
    if (size === undefined) this.#answer(null);
    else this.#content = this.#startContent(kind as GitObject['kind'], Number(size));
    return chunk.subarray(end + 1);
  }

  #startContent(kind: GitObject['kind'], size: number): Content {
    const wanted = size <= (this.#pending[0]?.maxBytes ?? 0);
    return { kind, chunks: wanted ? [] : null, missing: size + 1 };
  }

  #takeContent(content: Content, chunk: Buffer): Buffer {
    const part = chunk.subarray(0, content.missing);
    content.chunks?.push(part);
    content.missing -= part.length;
    if (content.missing === 0) {
      this.#content = null;
      const bytes = content.chunks === null ? null : Buffer.concat(content.chunks);
      this.#answer({ kind: content.kind, content: bytes?.subarray(0, -1) ?? null });
    }
    return chunk.subarray(part.length);
  }

  #answer(object: GitObject | null): void {
    this.#pending.shift()?.resolve(object);
  }
}
