import type { User } from './accounts.ts';
import { closePull, markMerged, refresh, tell } from './pulls.ts';
import type { RefChange } from './push-event.ts';
import type { PullRequest, Repository, World } from './world.ts';

/** What a push does to pull requests, of this repository and of those that it is a fork of. */
export async function updatePulls(
  world: World,
  repository: Repository,
  { ref, after }: RefChange,
  pusher: User,
): Promise<void> {
  const branch = /^refs\/heads\/(.+)$/.exec(ref)?.[1];
  if (branch === undefined) return;
  for (const into of [repository, ...(repository.parent === null ? [] : [repository.parent])])
    for (const pull of into.pulls.filter(({ closedAt }) => closedAt === null)) {
      const change = { world, repository: into, pull, by: pusher };
      if (pull.head.repository === repository && pull.head.branch === branch)
        await (after === null ? closePull(change) : synchronize(change));
      else if (into === repository && pull.base === branch && after !== null)
        await baseMoved(change, after);
    }
}

interface Change {
  readonly world: World;
  readonly repository: Repository;
  readonly pull: PullRequest;
  readonly by: User;
}

async function synchronize(change: Change): Promise<void> {
  const { world, repository, pull } = change;
  const before = pull.headSha;
  await refresh(world, repository, pull);
  await tell(change, 'synchronize', { before, after: pull.headSha });
}

/** Nothing is told when only the base moved; what has become part of it is merged. */
async function baseMoved(change: Change, after: string): Promise<void> {
  const { world, repository, pull } = change;
  if (await repository.git.isAncestor(pull.headSha, after)) await markMerged(change, after);
  else await refresh(world, repository, pull);
}
