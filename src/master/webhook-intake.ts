import type { Webhook, WebhookAnswer } from '../http/operations.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Inbox, StoredDelivery } from '../store/inbox.ts';
import { receiveGithub } from '../webhooks/github.ts';
import type { Received } from '../webhooks/receive.ts';

export interface IntakeOptions {
  readonly secrets: readonly string[];
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Whether a pushed repository and ref are what this master follows. */
  readonly concerns: (push: { readonly fullName: string; readonly ref: string }) => boolean;
  /** Asks for a look at the repository. When one has worked, `settle` is called. */
  readonly wake: () => void;
  readonly isAncestor: (older: string, newer: string) => Promise<boolean>;
  /** The branch has gone on from `sha` to `by`: tells so where that commit has no deploy. */
  readonly overtaken: (sha: string, by: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
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
    this.handle = async (headers, rawBody) => {
      const received = receiveGithub({ headers, rawBody, secrets: options.secrets });
      return await this.#answer(received);
    };
  }

  /** To be called after each look that worked, with what it found the branch to point at. Never rejects. */
  async settle(head: string): Promise<void> {
    const { inbox, onError } = this.#options;
    try {
      for (const delivery of await inbox.queued())
        if (await this.#isSettled(delivery, head)) await inbox.finish(delivery);
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

  async #answer(received: Received): Promise<WebhookAnswer> {
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
        return await this.#accept(received);
    }
  }

  async #accept(push: Extract<Received, { kind: 'push' }>): Promise<WebhookAnswer> {
    const { inbox, clock, concerns, wake } = this.#options;
    const { deliveryId, ref, after: sha } = push;
    const { fullName } = push.repository;
    // The same answer whether the repository is ours or not: nothing is told to who guesses.
    if (!concerns({ fullName, ref })) return { status: 202, body: { accepted: true } };
    const state = await inbox.receive({
      provider: 'github',
      deliveryId,
      event: 'push',
      repository: fullName,
      sha,
      receivedAt: clock.now(),
    });
    if (state !== 'done') wake();
    return { status: state === 'done' ? 200 : 202, body: { accepted: true } };
  }
}

/** What a push says instead of a commit when it deleted the ref. */
function isNothing(sha: string): boolean {
  return /^0+$/.test(sha);
}
