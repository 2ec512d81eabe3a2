/** What can be made to go wrong. `times` is 1 unless told otherwise; `on` limits it to one operation. */
export type Disturbance = RequestDisturbance | DeliveryDisturbance;

interface Counted {
  readonly times?: number;
}

interface OnRequest extends Counted {
  /** GitHub's operationId; any request of the REST API when absent. */
  readonly on?: string;
}

interface OnDelivery extends Counted {
  /** The event's name as in X-GitHub-Event; any when absent. */
  readonly event?: string;
}

export type RequestDisturbance =
  /** Answers with a 5xx; with `afterDoing` the request has been carried out all the same. */
  | (OnRequest & {
      readonly kind: 'server-error';
      readonly status: 500 | 502 | 503;
      readonly afterDoing?: boolean;
    })
  /** Closes the connection without an answer; with `afterDoing` the request has been carried out all the same. */
  | (OnRequest & { readonly kind: 'hang-up'; readonly afterDoing?: boolean })
  | (OnRequest & { readonly kind: 'slow-answer'; readonly milliseconds: number })
  /** 404, as GitHub now and then answers for what a webhook just told of. */
  | (OnRequest & { readonly kind: 'not-found-yet' })
  /** `retryAfter` in seconds; null leaves the header out, which GitHub sometimes does. */
  | (OnRequest & {
      readonly kind: 'secondary-limit';
      readonly status: 403 | 429;
      readonly retryAfter: number | null;
    });

export type DeliveryDisturbance =
  | (OnDelivery & { readonly kind: 'drop-delivery' })
  /** Twice under one id: the second after the first was answered, or both at once. */
  | (OnDelivery & { readonly kind: 'duplicate-delivery'; readonly together?: boolean })
  | (OnDelivery & { readonly kind: 'wrong-signature' })
  | (OnDelivery & { readonly kind: 'delay-delivery'; readonly milliseconds: number });

interface Armed {
  readonly disturbance: Disturbance;
  left: number;
}

/** The disturbances that are still to happen; each is used up one request or delivery at a time, oldest first. */
export class Disturbances {
  #armed: Armed[] = [];

  add(disturbance: Disturbance): void {
    this.#armed.push({ disturbance, left: disturbance.times ?? 1 });
  }

  calm(): void {
    this.#armed = [];
  }

  takeForRequest(operationId: string): RequestDisturbance | null {
    return this.#take(
      (disturbance): disturbance is RequestDisturbance =>
        !isDelivery(disturbance) && (disturbance.on ?? operationId) === operationId,
    );
  }

  takeForDelivery(event: string): DeliveryDisturbance | null {
    return this.#take(
      (disturbance): disturbance is DeliveryDisturbance =>
        isDelivery(disturbance) && (disturbance.event ?? event) === event,
    );
  }

  #take<T extends Disturbance>(fits: (disturbance: Disturbance) => disturbance is T): T | null {
    for (const armed of this.#armed) {
      if (armed.left === 0 || !fits(armed.disturbance)) continue;
      armed.left -= 1;
      return armed.disturbance;
    }
    return null;
  }
}

function isDelivery(disturbance: Disturbance): disturbance is DeliveryDisturbance {
  return disturbance.kind.includes('delivery') || disturbance.kind === 'wrong-signature';
}
