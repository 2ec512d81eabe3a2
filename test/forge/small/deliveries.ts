import type { DeliveryDisturbance, Disturbances } from '../disturbances.ts';
import { Journal } from '../journal.ts';
import type { Dialect } from './dialect.ts';
import type { SmallEvent, SmallHook, SmallRepository, SmallWorld } from './state.ts';

export interface SmallDelivery {
  readonly id: number;
  readonly hook: SmallHook;
  readonly event: SmallEvent['kind'];
  readonly headers: Readonly<Record<string, string>>;
  readonly text: string;
  readonly attempt: number;
  /** Of the answer; 0: there was none. */
  readonly status: number;
}

type Attempt = Omit<SmallDelivery, 'id' | 'status'>;

/** Webhooks: each is sent as it happens, and again when somebody presses the button for that. */
export class SmallDeliveries {
  readonly journal = new Journal<SmallDelivery>(({ event, status }) => `${event} ${status}`);
  readonly #world: SmallWorld;
  readonly #dialect: Dialect;
  readonly #disturbances: Disturbances;
  readonly #underWay = new Set<Promise<void>>();

  constructor(world: SmallWorld, dialect: Dialect, disturbances: Disturbances) {
    this.#world = world;
    this.#dialect = dialect;
    this.#disturbances = disturbances;
  }

  send(repository: SmallRepository, event: SmallEvent): void {
    const { headers, body } = this.#dialect.webhook(this.#world, repository, event);
    const text = JSON.stringify(body);
    for (const hook of repository.hooks)
      this.#start({ hook, event: event.kind, headers, text, attempt: 1 });
  }

  /** Under the same ids. */
  redeliver({ hook, event, headers, text, attempt }: SmallDelivery): void {
    this.#start({ hook, event, headers, text, attempt: attempt + 1 });
  }

  /** Nothing is on its way. */
  async settled(): Promise<void> {
    while (this.#underWay.size > 0) await Promise.all(this.#underWay);
  }

  #start(attempt: Attempt): void {
    const work = this.#deliver(attempt);
    this.#underWay.add(work);
    void work.finally(() => this.#underWay.delete(work));
  }

  async #deliver(attempt: Attempt): Promise<void> {
    const disturbance = this.#disturbances.takeForDelivery(attempt.event);
    const first = this.#attempt(attempt, disturbance);
    if (disturbance?.kind === 'duplicate-delivery') {
      if (disturbance.together !== true) await first;
      await this.#attempt(attempt, null);
    }
    await first;
  }

  async #attempt(attempt: Attempt, disturbance: DeliveryDisturbance | null): Promise<void> {
    const isLost = disturbance?.kind === 'drop-delivery';
    const status = isLost ? 0 : await this.#post(attempt);
    this.journal.add({ ...attempt, id: this.#world.nextId(), status });
  }

  async #post({ hook, headers, text, attempt }: Attempt): Promise<number> {
    const again = attempt > 1 ? this.#dialect.repeated(attempt) : {};
    const signed = { ...headers, ...again, ...this.#dialect.signature(text, hook.secret) };
    try {
      const answer = await fetch(hook.url, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...signed },
        body: text,
        signal: AbortSignal.timeout(10_000),
      });
      await answer.arrayBuffer();
      return answer.status;
    } catch {
      return 0;
    }
  }
}
