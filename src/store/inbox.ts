import type { Db, Row } from './tables.ts';

/**
 * Webhook deliveries. "Seen" means processed: only a delivery that is done is passed over when it comes again, because a
 * forge redelivers under the same id what nobody took up.
 */
export interface Delivery {
  readonly provider: string;
  readonly deliveryId: string;
  readonly event: string;
  /** What the delivery says it is about, as a hint. */
  readonly repository: string;
  /** What the branch points at, it says. */
  readonly sha: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

export type DeliveryId = Pick<Delivery, 'provider' | 'deliveryId'>;

export interface StoredDelivery extends Delivery {
  readonly state: Row<'inbox'>['state'];
}

export interface Inbox {
  /** `new`: it waits from now on; `queued`: it is waiting already; `done`: pass it over. */
  receive(delivery: Delivery): Promise<'new' | 'queued' | 'done'>;
  finish(id: DeliveryId): Promise<void>;
  /** What is still to be processed, oldest first. */
  queued(): Promise<readonly StoredDelivery[]>;
  /** Removes what came before `before`, and all but the newest `keep`. */
  prune(bounds: { readonly before: number; readonly keep: number }): Promise<void>;
}

export function createInbox(db: Db): Inbox {
  return {
    receive: async (delivery) =>
      await db.transaction().execute(async (trx) => await receive(trx, delivery)),
    finish: async ({ provider, deliveryId }) => {
      await db
        .updateTable('inbox')
        .where('provider', '=', provider)
        .where('deliveryId', '=', deliveryId)
        .set({ state: 'done' })
        .execute();
    },
    queued: async () =>
      await db
        .selectFrom('inbox')
        .selectAll()
        .where('state', '=', 'queued')
        .orderBy('receivedAt')
        .orderBy('deliveryId')
        .execute(),
    prune: async ({ before, keep }) =>
      await db.transaction().execute(async (trx) => {
        await trx.deleteFrom('inbox').where('receivedAt', '<', before).execute();
        const surplus = trx
          .selectFrom('inbox')
          .select('receivedAt')
          .orderBy('receivedAt', 'desc')
          .limit(1)
          .offset(keep);
        await trx.deleteFrom('inbox').where('receivedAt', '<=', surplus).execute();
      }),
  };
}

async function receive(trx: Db, delivery: Delivery): Promise<'new' | 'queued' | 'done'> {
  const { provider, deliveryId, event, repository, sha, receivedAt } = delivery;
  const known = await trx
    .selectFrom('inbox')
    .select('state')
    .where('provider', '=', provider)
    .where('deliveryId', '=', deliveryId)
    .executeTakeFirst();
  if (known !== undefined) return known.state;
  await trx
    .insertInto('inbox')
    .values({ provider, deliveryId, event, repository, sha, receivedAt, state: 'queued' })
    .execute();
  return 'new';
}
