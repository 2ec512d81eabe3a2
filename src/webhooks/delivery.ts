import { parsePayload } from './payload.ts';
import { type Ignored, type Received, type Refused, refused } from './received.ts';
import { header, type WebhookRequest } from './request.ts';
import { checkTransport } from './transport.ts';

/** One event as a forge has told of it: its sender is known, what it means is up to the forge's readers. */
export interface Delivery {
  readonly id: string;
  readonly event: string;
  readonly payload: object;
}

/** How a forge's deliveries look; everything else about them is the same for all. */
export interface Dialect {
  /** `null`: it is from the forge. Else nothing more of it is read. */
  readonly checkSender: (request: WebhookRequest) => Refused | Ignored | null;
  readonly readEvent: (request: WebhookRequest) => string | Refused;
  readonly readId: (request: WebhookRequest) => string | Refused;
  readonly readers: Readers;
}

/** By event. The others are ignored: new ones appear. */
export type Readers = Readonly<Partial<Record<string, Read>>>;

export type Read = (delivery: Delivery) => Received;

/**
 * Judges one request to a forge's address. Does nothing but compute: the caller remembers the delivery and wakes whoever
 * looks at the repository. Never throws, whatever was sent. Signature first, content after.
 */
export function receiveDelivery(request: WebhookRequest, dialect: Dialect): Received {
  const unfit = checkTransport(request) ?? dialect.checkSender(request);
  if (unfit !== null) return unfit;
  const event = dialect.readEvent(request);
  if (typeof event !== 'string') return event;
  const id = dialect.readId(request);
  if (typeof id !== 'string') return id;
  const payload = parsePayload(request.rawBody);
  if (payload === null) return refused(400, 'the body is not a JSON object');
  const delivery = { id, event, payload };
  const read = Object.hasOwn(dialect.readers, event) ? dialect.readers[event] : undefined;
  if (read !== undefined) return read(delivery);
  return ignored(delivery, `nothing happens on '${event}' events`);
}

/** Nothing is wrong with it, and there is nothing to do. */
export function ignored({ id, event }: Delivery, reason: string): Ignored {
  return { kind: 'ignored', deliveryId: id, event, reason };
}

/** What a header says of a delivery. */
export function readHeader(
  { headers }: WebhookRequest,
  name: string,
  form: RegExp,
): string | Refused {
  const value = header(headers, name.toLowerCase());
  if (value !== null && form.test(value)) return value;
  return refused(400, `the header ${name} is missing or malformed`);
}

/** A GUID at most forges; hand-made deliveries in tests and proxies may be longer. */
export const deliveryIdForm = /^[\w.:-]{1,128}$/;
