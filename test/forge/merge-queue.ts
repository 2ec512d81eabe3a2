import type { User } from './accounts.ts';
import { announce, eventTail } from './events.ts';
import { mergeCommit } from './merging.ts';
import { markMerged, personOf } from './pulls.ts';
import { announcePush } from './push-event.ts';
import type { Shape } from './shapes.ts';
import type { PullRequest, Repository, World } from './world.ts';

/** One pull request's turn in the merge queue. */
export interface MergeGroup {
  /** What the checks are to report on. */
  readonly sha: string;
  readonly ref: string;
  readonly base: string;
}

interface Turn {
  readonly world: World;
  readonly repository: Repository;
  readonly pull: PullRequest;
  readonly by: User;
}

/** Makes the merge on a branch of the queue and asks for checks of it. */
export async function enqueue(turn: Turn): Promise<MergeGroup> {
  const { world, repository, pull, by } = turn;
  const base = (await repository.git.resolve(`refs/heads/${pull.base}`)) ?? '';
  const sha = await mergeCommit(repository, {
    base,
    head: pull.headSha,
    message: `Merge pull request #${pull.number}`,
    person: personOf(world, by),
  });
  if (sha === null) throw new Error(`#${pull.number} cannot be merged`);
  const ref = `refs/heads/gh-readonly-queue/${pull.base}/pr-${pull.number}-${base}`;
  await repository.git.setRef(ref, sha);
  await announcePush(world, repository, [{ ref, before: null, after: sha }], by);
  const group = { sha, ref, base };
  await tell(turn, group, { action: 'checks_requested' });
  return group;
}

/** All checks are green: the base branch becomes the group's commit. */
export async function finish(turn: Turn, group: MergeGroup): Promise<void> {
  const { world, repository, pull, by } = turn;
  const ref = `refs/heads/${pull.base}`;
  const before = await repository.git.resolve(ref);
  await repository.git.setRef(ref, group.sha);
  await repository.git.setRef(group.ref, null);
  await markMerged(turn, group.sha);
  await tell(turn, group, { action: 'destroyed', reason: 'merged' });
  await announcePush(
    world,
    repository,
    [
      { ref, before, after: group.sha },
      { ref: group.ref, before: group.sha, after: null },
    ],
    by,
  );
}

async function tell(turn: Turn, group: MergeGroup, what: Shape): Promise<void> {
  const { world, repository, pull, by } = turn;
  const commit = await repository.git.commit(group.sha);
  announce(world, repository, 'merge_group', {
    ...what,
    merge_group: {
      head_sha: group.sha,
      head_ref: group.ref,
      base_sha: group.base,
      base_ref: `refs/heads/${pull.base}`,
      head_commit: {
        id: group.sha,
        tree_id: commit?.tree ?? '',
        message: commit?.message ?? '',
        timestamp: commit?.committer.date ?? '',
        author: { name: commit?.author.name ?? '', email: commit?.author.email ?? '' },
        committer: { name: commit?.committer.name ?? '', email: commit?.committer.email ?? '' },
      },
    },
    ...eventTail(world, repository, by),
  });
}
