import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { GridError } from '../model/error.ts';

export interface SizeGuard {
  /** The bare repository that grows. */
  readonly directory: string;
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly exceeded: () => GridError;
}

const interval = 200;

/** Runs work that fills a mirror and aborts it when the packs, half received ones included, take more than allowed. */
export async function withinSize<T>(
  guard: SizeGuard,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const controller = new AbortController();
  const forward = () => controller.abort(guard.signal.reason);
  const check = async () => {
    if ((await packBytes(guard.directory)) > guard.maxBytes) controller.abort(guard.exceeded());
  };
  const timer = setInterval(() => void check(), interval);
  guard.signal.addEventListener('abort', forward, { once: true });
  try {
    const result = await work(controller.signal);
    await check();
    controller.signal.throwIfAborted();
    return result;
  } finally {
    clearInterval(timer);
    guard.signal.removeEventListener('abort', forward);
  }
}

export async function packBytes(directory: string): Promise<number> {
  const folder = join(directory, 'objects/pack');
  let bytes = 0;
  for (const name of await readdir(folder).catch(() => [])) {
    // Temporary files may be gone between the listing and this.
    bytes += await stat(join(folder, name)).then(
      ({ size }) => size,
      () => 0,
    );
  }
  return bytes;
}
