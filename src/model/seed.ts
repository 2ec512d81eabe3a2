import { keyedDigest } from './digest.ts';

/** What chosen-once values are derived from: 32 bytes that nobody else knows. */
export type Seed = Uint8Array;

/** Whole numbers from 0 up to and without the bound, each as likely as the others. The bound is at most 2^16. */
export type Draw = (bound: number) => number;

/** For commands that have no master to ask: values of the right form, and the same every time. */
export const placeholderSeed: Seed = new Uint8Array(32);

/** Tells seeds apart, and says nothing about what is derived from them. */
export function seedName(seed: Seed): string {
  return keyedDigest(seed, 'name').toString('hex').slice(0, 8);
}

/**
 * The stream of numbers that belongs to a path of names: HMAC-SHA256 in counter mode. The same seed and names give the same
 * stream for ever, and say nothing about the stream of any other.
 */
export function drawFrom(seed: Seed, names: readonly string[]): Draw {
  let block: Buffer = Buffer.alloc(0);
  let at = 0;
  let counter = 0;
  function nextWord(): number {
    if (at + 2 > block.length) {
      block = keyedDigest(seed, JSON.stringify([...names, counter]));
      counter += 1;
      at = 0;
    }
    at += 2;
    return block.readUInt16BE(at - 2);
  }
  return (bound) => {
    // Words above the last whole multiple would make the first numbers likelier.
    const limit = 65_536 - (65_536 % bound);
    for (;;) {
      const word = nextWord();
      if (word < limit) return word % bound;
    }
  };
}
