/** Carrying out plans for one revision of one grid until converged or failed. */
export type DeployPhase =
  | 'queued'
  | 'planning'
  | 'running'
  | 'held'
  | 'succeeded'
  | 'failed'
  | 'superseded';

/** A lifecycle only goes forward: which phase may follow which. `failed` may still recover when the cause goes away. */
const successors: Readonly<Record<DeployPhase, readonly DeployPhase[]>> = {
  queued: ['planning', 'running', 'held', 'succeeded', 'failed', 'superseded'],
  planning: ['running', 'held', 'succeeded', 'failed', 'superseded'],
  running: ['held', 'succeeded', 'failed', 'superseded'],
  held: ['running', 'succeeded', 'failed', 'superseded'],
  failed: ['succeeded'],
  succeeded: [],
  superseded: [],
};

export function mayFollow(from: DeployPhase, to: DeployPhase): boolean {
  return successors[from].includes(to);
}

export function isFinal(phase: DeployPhase): boolean {
  return phase === 'succeeded' || phase === 'failed' || phase === 'superseded';
}
