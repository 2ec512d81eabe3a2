import type { Db, Row } from './tables.ts';

/**
 * Webhook deliveries. "Seen" means processed: only a delivery that is done is passed over when it comes again, because a
 * forge redelivers under the same id what failed the first time.
 */
export interface Delivery {
  readonly provider: string;
  readonly deliveryId: string;
  readonly event: string;
  /** What the delivery says it is about, as a hint. */
  readonly repository: string;
  /** Milliseconds since the epoch. */
  readonly receivedAt: number;
}

export type DeliveryId = Pick<Delivery, 'provider' | 'deliveryId'>;

export interface StoredDelivery extends Delivery {
  readonly state: Row<'inbox'>['state'];
}

export interface Inbox {
  /** `new`: process it (also when it failed before); `queued`: it is waiting already; `done`: pass it over. */
  receive(delivery: Delivery): Promise<'new' | 'queued' | 'done'>;
  finish(id: DeliveryId, ok: boolean): Promise<void>;
  /** What a master that restarts still has to process, oldest first. */
  queued(): Promise<readonly StoredDelivery[]>;
  /** Removes what came before `before`, and all but the newest `keep`. */
  prune(bounds: { readonly before: number; readonly keep: number }): Promise<void>;
}

export function createInbox(db: Db): Inbox {
  return {
    receive: async (delivery) =>
      await db.transaction().execute(async (trx) => await receive(trx, delivery)),
    finish: async (id, ok) => {
      await change(db, id)
        .set({ state: ok ? 'done' : 'failed' })
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
  const { provider, deliveryId, event, repository, receivedAt } = delivery;
  const known = await trx
    .selectFrom('inbox')
    .select('state')
    .where('provider', '=', provider)
    .where('deliveryId', '=', deliveryId)
    .executeTakeFirst();
  if (known?.state === 'queued' || known?.state === 'done') return known.state;

  const columns = { event, repository, receivedAt, state: 'queued' as const };
  await trx
    .insertInto('inbox')
    .values({ provider, deliveryId, ...columns })
    .onConflict((conflict) => conflict.columns(['provider', 'deliveryId']).doUpdateSet(columns))
    .execute();
  return 'new';
}

function change(db: Db, { provider, deliveryId }: DeliveryId) {
  return db
    .updateTable('inbox')
    .where('provider', '=', provider)
    .where('deliveryId', '=', deliveryId);
}
