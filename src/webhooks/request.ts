/** One HTTP request as it came in. `rawBody` is exactly what was sent: signatures cover bytes, not what was parsed from them. */
export interface WebhookRequest {
  readonly method?: string;
  /** Lower-case names, as node:http gives them. */
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly rawBody: Uint8Array;
  /** All that are accepted: two during a rotation. None: everything is refused. */
  readonly secrets: readonly string[];
  /** Milliseconds since the epoch, for signatures that are good for some minutes only; they fit never without it. */
  readonly now?: number;
}

/** A header that was sent exactly once. */
export function header(headers: WebhookRequest['headers'], name: string): string | null {
  const value = Object.hasOwn(headers, name) ? headers[name] : undefined;
  return typeof value === 'string' && value !== '' ? value : null;
}
