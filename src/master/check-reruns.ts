import { FILES_CHECK, gridFilesCheck } from '../forge/file-check.ts';
import type { PullRequest } from '../forge/forge.ts';

export interface RerunPorts {
  /** The open requests. */
  readonly open: () => readonly Pick<PullRequest, 'number' | 'isFork' | 'head'>[];
  /** Of exactly the commit that was asked for. */
  readonly ask: (number: number) => Promise<'asked' | 'changed' | 'unknown'>;
  readonly mayWrite: (user: string) => Promise<boolean>;
  /** Says once more what was said. */
  readonly repeat: (sha: string, name: string) => Promise<void>;
  readonly grids: () => readonly string[];
}

export interface Rerun {
  readonly sha: string;
  /** `null`: all there are. */
  readonly name: string | null;
  /** Who wants it; `null`: nobody knows. */
  readonly author: string | null;
}

/**
 * Somebody wants check runs once more: the forge takes them for unfinished from then on. Requests whose head it is are
 * planned again, those from forks for whoever may write; of anything else what was said is said again.
 */
export async function rerunChecks(ports: RerunPorts, { sha, name, author }: Rerun): Promise<void> {
  if (name === null)
    for (const grid of ports.grids()) await ports.repeat(sha, gridFilesCheck(grid));
  else if (name !== FILES_CHECK) return await ports.repeat(sha, name);
  const isPlanned = await planAgain(ports, { sha, author });
  if (!isPlanned) await ports.repeat(sha, FILES_CHECK);
}

async function planAgain(
  { open, ask, mayWrite }: RerunPorts,
  { sha, author }: Pick<Rerun, 'sha' | 'author'>,
): Promise<boolean> {
  const requests = open().filter(({ head }) => head.sha === sha);
  const isForFork = requests.some(({ isFork }) => isFork);
  const isAllowed = isForFork && author !== null && (await mayWrite(author));
  let isPlanned = false;
  for (const { number, isFork } of requests)
    if (!isFork || isAllowed) isPlanned = (await ask(number)) === 'asked' || isPlanned;
  return isPlanned;
}
