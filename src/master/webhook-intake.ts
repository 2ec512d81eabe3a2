import type { Webhook, WebhookAnswer } from '../http/operations.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Inbox, StoredDelivery } from '../store/inbox.ts';
import { type Provider, receivers } from '../webhooks/providers.ts';
import type { Hint, PushHint, Received } from '../webhooks/received.ts';

export interface IntakeOptions {
  readonly secrets: readonly string[];
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Whether a pushed repository and ref are what this master follows. */
  readonly concerns: (push: Concern) => boolean;
  /** Asks for a look at the repository. When one has worked, `settle` is called. */
  readonly wake: () => void;
  readonly isAncestor: (older: string, newer: string) => Promise<boolean>;
  /** The branch has gone on from `sha` to `by`: tells so where that commit has no deploy. */
  readonly overtaken: (sha: string, by: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
  /**
   * What is no push. Nothing is done about it when this is missing. A delivery for which it rejects is answered 500, and is
   * taken up when it comes again; one for which it resolved is not, and a comment is one delivery however it comes.
   */
  readonly onHint?: (hint: OtherHint) => Promise<void>;
  /** The code host that comments and the like are believed to be from; any when missing. */
  readonly provider?: Provider;
}

export type OtherHint = Exclude<Hint, PushHint>;

/** What a delivery says it is about; `ref` is `null` where it is about no branch. */
export interface Concern {
  readonly fullName: string;
  readonly cloneUrl: string;
  readonly ref: string | null;
}

/**
 * A commit that is neither what the branch points at nor behind it: the forge may still show us the branch as it was before
 * the push, or the push was forced away. After this many milliseconds it is the latter.
 */
const UNSEEN_LIMIT = 600_000;

/**
 * Deliveries: checked, remembered and answered in one breath. A delivery waits, through failing looks and restarts, until
 * its commit has got a deploy or was told that a newer one took its place: while it is what the branch points at, a crash
 * could still lose it.
 */
export class WebhookIntake {
  readonly #options: IntakeOptions;
  readonly handle: Webhook;

  constructor(options: IntakeOptions) {
    this.#options = options;
    this.handle = async (headers, rawBody, provider) => {
      const { secrets, clock } = options;
      const received = receivers[provider]({ headers, rawBody, secrets, now: clock.now() });
      return await this.#answer(provider, received);
    };
  }

  /** To be called after each look that worked, with what it found the branch to point at. Never rejects. */
  async settle(head: string): Promise<void> {
    const { inbox, onError } = this.#options;
    try {
      for (const delivery of await inbox.queued())
        if (delivery.event === 'push' && (await this.#isSettled(delivery, head)))
          await inbox.finish(delivery);
    } catch (error) {
      onError(error);
    }
  }

  async #isSettled({ sha, receivedAt }: StoredDelivery, head: string): Promise<boolean> {
    const { clock, isAncestor, overtaken } = this.#options;
    if (isNothing(sha)) return true;
    if (sha === head) return false;
    const isOld = clock.now() - receivedAt > UNSEEN_LIMIT;
    if (!isOld && !(await isAncestor(sha, head))) return false;
    await overtaken(sha, head);
    return true;
  }

  async #answer(provider: Provider, received: Received): Promise<WebhookAnswer> {
    switch (received.kind) {
      case 'refused':
        return {
          status: received.status,
          body: { error: { code: 'webhook-refused', message: received.message } },
        };
      case 'ping':
        return { status: 200, body: { ok: true } };
      case 'ignored':
        return { status: 202, body: { ignored: received.reason } };
      case 'push':
        return await this.#accept(provider, received);
      case 'pull-request':
      case 'comment':
      case 'merge-group':
      case 'check-rerequested':
        return await this.#handOn(provider, received);
    }
  }

  async #accept(provider: Provider, push: PushHint): Promise<WebhookAnswer> {
    const { inbox, clock, concerns, wake } = this.#options;
    const { deliveryId } = push;
    const { fullName, cloneUrl } = push.repository;
    const moved = [push, ...(push.more ?? [])].find(({ ref }) =>
      concerns({ fullName, cloneUrl, ref }),
    );
    // The same answer whether the repository is ours or not: nothing is told to who guesses.
    if (moved === undefined) return accepted;
    const state = await inbox.receive({
      provider,
      deliveryId,
      event: 'push',
      repository: fullName,
      sha: moved.after,
      receivedAt: clock.now(),
    });
    if (state !== 'done') wake();
    return { ...accepted, status: state === 'done' ? 200 : 202 };
  }

  async #handOn(provider: Provider, hint: OtherHint): Promise<WebhookAnswer> {
    const { inbox, clock, concerns, onHint, provider: expected = provider } = this.#options;
    const { fullName, cloneUrl } = hint.repository;
    const isOurs = provider === expected && concerns({ fullName, cloneUrl, ref: null });
    if (onHint === undefined || !isOurs) return accepted;
    const delivery = {
      provider,
      deliveryId: identityOf(hint),
      event: hint.kind,
      repository: fullName,
      sha: '',
      receivedAt: clock.now(),
    };
    if ((await inbox.receive(delivery)) === 'done') return { ...accepted, status: 200 };
    await onHint(hint);
    await inbox.finish(delivery);
    return accepted;
  }
}

const accepted = { status: 202, body: { accepted: true } } as const;

/** The id of a delivery is not signed: an old comment under a new id is still the old comment. */
function identityOf(hint: OtherHint): string {
  if (hint.kind !== 'comment') return hint.deliveryId;
  return `comment ${hint.repository.id}#${hint.commentId}`;
}

/** What a push says instead of a commit when it deleted the ref. */
function isNothing(sha: string): boolean {
  return /^0+$/.test(sha);
}
