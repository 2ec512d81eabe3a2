import { errorMessage, GridError } from '../model/error.ts';
import type { NodeFacts } from '../model/observed.ts';
import { ceiling, fullJitter } from '../runtime/backoff.ts';
import type { Clock } from '../runtime/clock.ts';
import type { Log } from '../runtime/log.ts';
import { Session, type SessionEnd, type SessionHost } from './session.ts';

export interface UplinkOptions {
  /** At least one; the master that this node trusts is known by its key, wherever it is. */
  readonly urls: readonly string[];
  readonly host: SessionHost;
  /** Asked before each connection. Rejects while the engine does not answer: a node without one has nothing to offer. */
  readonly facts: () => Promise<NodeFacts>;
  readonly clock: Clock;
  readonly random: () => number;
  readonly log: Log;
}

const BACKOFF = { base: 250, cap: 30_000 } as const;
/** A session that lived this long was a good one: the next try comes soon. */
const GOOD_SESSION = 10_000;

/** Keeps a session with the master, for ever: whatever ends one, the next is tried. Resolves after the signal was aborted. */
export async function keepConnected(options: UplinkOptions, signal: AbortSignal): Promise<void> {
  const { urls, clock, random, log } = options;
  let turn = 0;
  for (let failures = 0; !signal.aborted; failures += 1) {
    const since = clock.now();
    const url = urls[turn % urls.length] ?? '';
    const end = await live(options, url, signal);
    if (signal.aborted) return;
    if (clock.now() - since >= GOOD_SESSION) failures = 0;
    // An address that has served well is tried again before the next one.
    else turn += 1;
    const isSoon = end.retry || turn % urls.length !== 0;
    const delay = isSoon ? fullJitter(BACKOFF, failures, random()) : ceiling(BACKOFF, 30);
    const fields = { url, reason: end.reason, retryInMilliseconds: delay };
    if (end.retry) log.warn(fields, 'no session with the master');
    else
      log.error(
        fields,
        'the master and this node do not accept each other; a person must look at it',
      );
    await clock.sleep(delay, signal).catch(() => undefined);
  }
}

/** One session, from its first attempt to its end. */
async function live(options: UplinkOptions, url: string, signal: AbortSignal): Promise<SessionEnd> {
  try {
    const facts = await unlessAborted(options.facts(), signal);
    if (facts === null) return { retry: true, reason: 'stopped' };
    const { host, clock, log } = options;
    const session = new Session({ url, host, facts, clock, log });
    const close = (): void => session.close('shutdown');
    signal.addEventListener('abort', close, { once: true });
    const end = await session.ended;
    signal.removeEventListener('abort', close);
    return end;
  } catch (error) {
    return { retry: true, reason: errorMessage(error) };
  }
}

/** `null` as soon as the signal is aborted: whoever stops does not wait for an engine that hangs. */
async function unlessAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T | null> {
  const over = new AbortController();
  const aborted = new Promise<null>((resolve) => {
    const listening = { once: true, signal: over.signal };
    signal.addEventListener('abort', () => resolve(null), listening);
  });
  try {
    return await Promise.race([work, aborted]);
  } finally {
    over.abort();
  }
}

/** `http(s)://` or `ws(s)://`; without a path it is `/agent`. Throws `invalid-configuration`. */
export function agentUrl(master: string): string {
  const url = URL.canParse(master) ? new URL(master) : null;
  const protocols: Record<string, string> = {
    'http:': 'ws:',
    'https:': 'wss:',
    'ws:': 'ws:',
    'wss:': 'wss:',
  };
  const protocol = url === null ? undefined : protocols[url.protocol];
  if (url === null || protocol === undefined || url.hostname === '')
    throw new GridError({
      code: 'invalid-configuration',
      message: `'${master}' is not the address of a master`,
      hint: 'Write it like https://gridops.example.com or http://10.0.0.5:8080.',
    });
  const path = url.pathname === '/' ? '/agent' : url.pathname;
  return `${protocol}//${url.host}${path}`;
}
