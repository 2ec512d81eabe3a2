/** A volume of the grid on one node's engine. Written by agents only. */
export interface VolumeFacts {
  readonly name: string;
  readonly driver: string;
  /** What it was made for; `null`: several share it, or an older agent made it. */
  readonly stack: string | null;
  readonly service: string | null;
  readonly number: number | null;
  /** Milliseconds since the epoch; `null`: the engine does not say. */
  readonly createdAt: number | null;
  /** Bytes; `null`: the engine does not say, or not in time. */
  readonly size: number | null;
  /** Containers that have it mounted, whosever they are, and whether they run or not. */
  readonly usedBy: readonly string[];
  /** Since when no container has it, as far as its agent has seen; `null`: it is used, or nobody knows. */
  readonly unusedSince: number | null;
}

/** What a person asks of a node. */
export type Question =
  | { readonly kind: 'volumes' }
  | { readonly kind: 'remove-volume'; readonly volume: string };

export type Answer =
  | { readonly kind: 'volumes'; readonly volumes: readonly VolumeFacts[] }
  | { readonly kind: 'removed' }
  | { readonly kind: 'refused'; readonly message: string };
