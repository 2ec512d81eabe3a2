import type { Webhook, WebhookAnswer } from '../http/operations.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Inbox } from '../store/inbox.ts';
import { receiveGithub } from '../webhooks/github.ts';
import type { Received } from '../webhooks/receive.ts';

export interface IntakeOptions {
  readonly secrets: readonly string[];
  readonly inbox: Inbox;
  readonly clock: Clock;
  /** Whether a pushed repository and ref are what this master follows. */
  readonly concerns: (push: { readonly fullName: string; readonly ref: string }) => boolean;
  /** Looks at the repository; true when that worked. */
  readonly look: () => Promise<boolean>;
  /** A commit that was pushed and looked for: if a newer one had come already, it must be told, too. */
  readonly overtaken: (sha: string) => Promise<void>;
  readonly onError: (error: unknown) => void;
}

/**
 * Deliveries: checked, remembered and answered in one breath; the look at the repository comes after the answer. A delivery
 * counts as seen only when the look worked, so what the forge redelivers after a failure is taken up again.
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

  /** What an earlier process had accepted and not finished. */
  async resume(): Promise<void> {
    const waiting = await this.#options.inbox.queued();
    if (waiting.length === 0) return;
    const ok = await this.#options.look();
    for (const delivery of waiting) await this.#options.inbox.finish(delivery, ok);
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
    const { inbox, clock, concerns } = this.#options;
    const { fullName } = push.repository;
    // The same answer whether the repository is ours or not: nothing is told to who guesses.
    if (!concerns({ fullName, ref: push.ref })) return { status: 202, body: { accepted: true } };
    const id = { provider: 'github', deliveryId: push.deliveryId };
    const delivery = { ...id, event: 'push', repository: fullName, receivedAt: clock.now() };
    const state = await inbox.receive(delivery);
    if (state === 'new') void this.#process(id, push.after);
    return { status: state === 'done' ? 200 : 202, body: { accepted: true } };
  }

  async #process(id: { provider: string; deliveryId: string }, after: string): Promise<void> {
    try {
      const ok = await this.#options.look();
      if (ok) await this.#options.overtaken(after);
      await this.#options.inbox.finish(id, ok);
    } catch (error) {
      this.#options.onError(error);
    }
  }
}
