/** How a node's Docker engine is, as its agent sees it. */
export interface EngineCondition {
  /** `silent`: it has not answered for a while; whether its containers run nobody can say. */
  readonly state: 'ok' | 'silent';
  /** Milliseconds since the epoch: of its last answer when it is silent, else of its first one since it was not. */
  readonly since: number;
  /** Why it is silent, in the words of the last fault; `null` when it is not. */
  readonly reason: string | null;
  /** Where it keeps images and containers; `null`: the agent cannot tell, the engine is not on its host. */
  readonly disk: DiskSpace | null;
}

/** Bytes. */
export interface DiskSpace {
  readonly free: number;
  readonly total: number;
}

const TENTH = 0.1;
/** Of a large disk a tenth is plenty. */
const ENOUGH = 10 * 1024 ** 3;

/** Whether the next image may already be one too many. */
export function isLow({ free, total }: DiskSpace): boolean {
  return free < Math.min(total * TENTH, ENOUGH);
}

/** "1.2 of 20.0 GiB free". */
export function diskText({ free, total }: DiskSpace): string {
  return `${gibibytes(free)} of ${gibibytes(total)} GiB free`;
}

function gibibytes(bytes: number): string {
  return (bytes / 1024 ** 3).toFixed(1);
}
