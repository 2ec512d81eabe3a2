import type { Inbox } from './inbox.ts';
import type { Outbox, OutboxKey } from './outbox.ts';

/**
 * The part of an outbox that is one tracked repository's, by its name in the settings. Two forges may have repositories of the
 * same name, and each reporter has the credentials of its own only.
 */
export function outboxOf(outbox: Outbox, name: string): Outbox {
  const prefix = `${name} `;
  const inside = <T extends OutboxKey>(key: T): T => ({
    ...key,
    repository: prefix + key.repository,
  });
  const outside = <T extends OutboxKey>(key: T): T => ({
    ...key,
    repository: key.repository.slice(prefix.length),
  });
  return {
    want: async (message, when) => await outbox.want(inside(message), when),
    due: async (now, limit) => (await outbox.due(now, limit, prefix)).map(outside),
    nextDueAt: async (now) => await outbox.nextDueAt(now, prefix),
    unsent: async () =>
      (await outbox.unsent()).filter((row) => row.repository.startsWith(prefix)).map(outside),
    find: async (key) => {
      const found = await outbox.find(inside(key));
      return found === null ? null : outside(found);
    },
    ofTopic: async (key) =>
      (await outbox.ofTopic({ ...key, repository: prefix + key.repository })).map(outside),
    sent: async (key, version, of) => await outbox.sent(inside(key), version, of),
    failed: async (key, version, outcome) => await outbox.failed(inside(key), version, outcome),
    gaveUp: async (key, version, error) => await outbox.gaveUp(inside(key), version, error),
    revive: async (since) => await outbox.revive(since, prefix),
    prune: async (before) => await outbox.prune(before),
  };
}

/** The deliveries that one tracked repository has to see to: the same one may concern two of them. */
export function inboxOf(inbox: Inbox, name: string): Inbox {
  const suffix = ` ${name}`;
  return {
    receive: async (delivery) =>
      await inbox.receive({ ...delivery, provider: delivery.provider + suffix }),
    finish: async (id) => await inbox.finish({ ...id, provider: id.provider + suffix }),
    queued: async () =>
      (await inbox.queued())
        .filter(({ provider }) => provider.endsWith(suffix))
        .map((one) => ({ ...one, provider: one.provider.slice(0, -suffix.length) })),
    prune: async (bounds) => await inbox.prune(bounds),
  };
}
