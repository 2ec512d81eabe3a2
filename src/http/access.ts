import { createHash, createHmac, randomBytes, timingSafeEqual } from 'node:crypto';

/**
 * Who may in. The API takes the bearer token only, the pages a session cookie only: a cookie that a browser sends by itself
 * never carries API rights. The token itself is kept as digests; comparing takes the same time for every wrong one.
 */
export class Access {
  readonly #digest: Buffer;
  readonly #sessionKey: Buffer;
  readonly #loggedOut = new Map<string, number>();

  constructor(apiToken: string) {
    this.#digest = sha256(apiToken);
    this.#sessionKey = sha256(`gridops session key\n${apiToken}`);
  }

  isToken(candidate: string): boolean {
    return timingSafeEqual(sha256(candidate), this.#digest);
  }

  /** The token of an `Authorization: Bearer` header is right. */
  isBearer(header: string | undefined): boolean {
    const token = /^bearer +([^\s]+)$/i.exec(header ?? '')?.[1];
    return token !== undefined && this.isToken(token);
  }

  /** `<expiry>.<nonce>.<mac>`: needs no store, survives restarts, ends when the token changes. */
  createSession(now: number): string {
    const claim = `${now + SESSION_SECONDS * 1_000}.${randomBytes(16).toString('base64url')}`;
    return `${claim}.${this.#mac(claim)}`;
  }

  isSession(value: string | undefined, now: number): boolean {
    const parts = /^(\d{1,15})\.([\w-]{22})\.([\w-]{43})$/.exec(value ?? '');
    if (parts === null || value === undefined) return false;
    const [, expiry = '', nonce = '', mac = ''] = parts;
    const expected = this.#mac(`${expiry}.${nonce}`);
    if (!timingSafeEqual(Buffer.from(mac), Buffer.from(expected))) return false;
    return Number(expiry) > now && !this.#loggedOut.has(value);
  }

  /** What forms of this session's pages bring along. */
  formToken(session: string): string {
    return this.#mac(`form\n${session}`);
  }

  isFormToken(session: string, token: string): boolean {
    const [given, right] = [token, this.formToken(session)].map((one) => sha256(one));
    return given !== undefined && right !== undefined && timingSafeEqual(given, right);
  }

  /** Ends a session before its time. Remembered by this process only; what is forgotten first would have ended first. */
  endSession(value: string, now: number): void {
    if (!this.isSession(value, now)) return;
    for (const [ended, expiry] of this.#loggedOut)
      if (expiry <= now || this.#loggedOut.size >= 10_000) this.#loggedOut.delete(ended);
    this.#loggedOut.set(value, Number(value.split('.', 1)[0]));
  }

  #mac(claim: string): string {
    return createHmac('sha256', this.#sessionKey).update(claim).digest('base64url');
  }
}

export const SESSION_SECONDS = 24 * 3_600;

/**
 * Counts failed logins in windows of a minute: per address, so that one guesser is stopped, and over all, so that many
 * addresses do not add up. A right token is not counted.
 */
export class LoginLimit {
  readonly #failures = new Map<string, number>();
  #total = 0;
  #windowStart = 0;

  isOpen(address: string, now: number): boolean {
    this.#turn(now);
    return (this.#failures.get(address) ?? 0) < 10 && this.#total < 1_000;
  }

  fail(address: string, now: number): void {
    this.#turn(now);
    this.#total += 1;
    this.#failures.set(address, (this.#failures.get(address) ?? 0) + 1);
  }

  #turn(now: number): void {
    if (now - this.#windowStart < 60_000) return;
    this.#windowStart = now;
    this.#total = 0;
    this.#failures.clear();
  }
}

/** The value of one cookie of a `Cookie` header. */
export function readCookie(header: string | undefined, name: string): string | undefined {
  for (const part of (header ?? '').split(';')) {
    const [key, value] = part.split('=', 2);
    if (key?.trim() === name) return value?.trim();
  }
  return undefined;
}

function sha256(text: string): Buffer {
  return createHash('sha256').update(text).digest();
}
