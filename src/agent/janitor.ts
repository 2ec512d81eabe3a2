import type { PulledImage, PulledImages } from './image-record.ts';

export interface ImageScene {
  /** What this agent fetched. */
  readonly pulled: PulledImages;
  /** Ids of images that any container is made from, whoever made it. */
  readonly used: ReadonlySet<string>;
  /** References that the assignment names. */
  readonly wanted: ReadonlySet<string>;
  /** Milliseconds that an image is kept after its last use: whoever goes back to it need not fetch it again. */
  readonly keep: number;
  readonly now: number;
}

export interface ImageVerdict {
  /** With when they were needed last, as it is now. */
  readonly kept: PulledImages;
  readonly unneeded: PulledImages;
}

/** Pure: which images can go. What this agent did not fetch itself never can: it is not even in the scene. */
export function judgeImages({ pulled, used, wanted, keep, now }: ImageScene): ImageVerdict {
  const kept: [string, PulledImage][] = [];
  const unneeded: [string, PulledImage][] = [];
  for (const [reference, { id, usedAt }] of Object.entries(pulled)) {
    const isNeeded = wanted.has(reference) || used.has(id);
    // A clock that was set back must not keep an image for years.
    const last = isNeeded ? now : Math.min(usedAt, now);
    if (isNeeded || now - last < keep) kept.push([reference, { id, usedAt: last }]);
    else unneeded.push([reference, { id, usedAt: last }]);
  }
  return { kept: Object.fromEntries(kept), unneeded: Object.fromEntries(unneeded) };
}
