import path from 'node:path';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** An image that this agent fetched. */
export interface PulledImage {
  /** The engine's. */
  readonly id: string;
  /** When something last needed it, as far as anybody looked. Milliseconds since the epoch. */
  readonly usedAt: number;
}

/** By reference, as it was asked for. */
export type PulledImages = Readonly<Record<string, PulledImage>>;

const FILE = 'images.json';

/**
 * Which images this agent fetched itself: labels cannot say it, and only those may ever be removed. Losing it costs disk space:
 * what was in it stays for ever.
 */
export class ImageRecord {
  readonly #file: string;
  #images: PulledImages;
  #writing: Promise<void> = Promise.resolve();

  private constructor(file: string, images: PulledImages) {
    this.#file = file;
    this.#images = images;
  }

  static async open(directory: string): Promise<ImageRecord> {
    const file = path.join(directory, FILE);
    return new ImageRecord(file, parse(await readText(file)));
  }

  get images(): PulledImages {
    return this.#images;
  }

  async add(reference: string, image: PulledImage): Promise<void> {
    await this.put({ ...this.#images, [reference]: image });
  }

  /** Takes effect at once; rejects when it cannot be written. */
  async put(images: PulledImages): Promise<void> {
    this.#images = images;
    const written = this.#writing.then(
      async () => await writePrivately(this.#file, JSON.stringify(this.#images)),
    );
    this.#writing = written.catch(() => undefined);
    await written;
  }
}

/** What is damaged is nothing: images that nobody knows to be ours are left alone. */
function parse(text: string | null): PulledImages {
  try {
    const found = JSON.parse(text ?? '{}') as Readonly<Record<string, Partial<PulledImage>>>;
    return Object.fromEntries(
      Object.entries(found).flatMap(([reference, { id, usedAt }]) =>
        typeof id === 'string' && typeof usedAt === 'number' ? [[reference, { id, usedAt }]] : [],
      ),
    );
  } catch {
    return {};
  }
}
