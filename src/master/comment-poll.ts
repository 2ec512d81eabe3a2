import type { Forge, PersonsComment, RepositoryName } from '../forge/forge.ts';
import type { Clock } from '../runtime/clock.ts';
import type { PullRequestRecords } from '../store/pull-requests.ts';

export interface CommentPollOptions {
  /** As the settings call the repository. */
  readonly name: string;
  readonly repository: RepositoryName;
  readonly forge: Pick<Forge, 'commentsSince'>;
  readonly records: Pick<PullRequestRecords, 'commentsRead' | 'setCommentsRead'>;
  /** Whether it was dealt with. */
  readonly take: (comment: PersonsComment) => Promise<boolean>;
  readonly clock: Clock;
}

/** Milliseconds that the forge's clock, and what it shows, may be behind. */
const BEHIND = 60 * 60_000;

/**
 * Looks through what people wrote since the last look: webhooks get lost. What was written before this master ever looked is
 * not taken for a wish; what could not be dealt with is read again. Where nobody writes the mark follows all the same, or each
 * look would ask for more than the one before.
 */
export class CommentPoll {
  readonly #options: CommentPollOptions;

  constructor(options: CommentPollOptions) {
    this.#options = options;
  }

  async look(): Promise<void> {
    const { name, repository, forge, records, take, clock } = this.#options;
    const since = await records.commentsRead(name);
    const now = clock.now();
    if (since === null) return await records.setCommentsRead(name, now);
    let read = since;
    let isAll = true;
    for (const comment of await forge.commentsSince(repository, since)) {
      isAll = await take(comment);
      if (!isAll) break;
      read = Math.max(read, comment.at);
    }
    if (isAll && now - read > 2 * BEHIND) read = now - BEHIND;
    if (read > since) await records.setCommentsRead(name, read);
  }
}
