import { createReadStream } from 'node:fs';
import type { ReadStream } from 'node:tty';
import { GridError } from '../model/error.ts';
import { createTyping } from './typing.ts';

/** What is piped in, or what a person types. */
export interface Stdin {
  readonly isTerminal: boolean;
  /** All of it. Throws `GridError` `invalid-request` when it is longer than `most` bytes. */
  readonly read: (most: number) => Promise<Buffer>;
  /** One line, which is not shown while it is typed. */
  readonly ask: (question: string) => Promise<string>;
}

export interface StdinOptions {
  readonly isTerminal: boolean;
  /** Opened when it is needed: a stream that is looked at keeps the process waiting. */
  readonly open: () => ReadStream;
  readonly print: (text: string) => void;
  readonly stop: AbortSignal;
  /** Ctrl-C: while nothing is shown, the terminal hands it on as a character. */
  readonly interrupt: () => void;
}

export function createStdin(options: StdinOptions): Stdin {
  return {
    isTerminal: options.isTerminal,
    read: async (most) => await readAll(options.open(), 'what was piped in', most),
    ask: async (question) => await askHidden(options, question),
  };
}

/** A file, or a pipe that looks like one. Throws `GridError` when it cannot be read or is too long. */
export async function readBounded(path: string, most: number): Promise<Buffer> {
  try {
    return await readAll(createReadStream(path), path, most);
  } catch (cause) {
    if (cause instanceof GridError) throw cause;
    throw new GridError({ code: 'not-found', message: `${path} cannot be read`, cause });
  }
}

async function readAll(stream: AsyncIterable<Buffer>, what: string, most: number): Promise<Buffer> {
  const parts: Buffer[] = [];
  let bytes = 0;
  for await (const part of stream) {
    bytes += part.byteLength;
    parts.push(part);
    if (bytes > most)
      throw new GridError({
        code: 'invalid-request',
        message: `${what} is longer than ${most} bytes`,
      });
  }
  return Buffer.concat(parts);
}

/** In raw mode, which the terminal is taken out of again however this ends. */
async function askHidden(options: StdinOptions, question: string): Promise<string> {
  const { open, print, stop, interrupt } = options;
  stop.throwIfAborted();
  const stream = open();
  const typing = createTyping();
  const close = (): void => {
    if (!stream.destroyed) stream.setRawMode(false).destroy();
  };
  stop.addEventListener('abort', close, { once: true });
  print(question);
  stream.setEncoding('utf8').setRawMode(true);
  try {
    for await (const data of stream.iterator({ destroyOnReturn: false }) as AsyncIterable<string>) {
      const state = typing.take(data);
      if (state === 'interrupted') interrupt();
      if (state === 'done') break;
    }
    stop.throwIfAborted();
    return typing.line();
  } finally {
    stop.removeEventListener('abort', close);
    close();
    print('\n');
  }
}
