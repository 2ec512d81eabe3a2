import { isAbsolute, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GridError } from '../model/error.ts';

export interface Credentials {
  readonly username: string;
  readonly password: string;
}

/** Where a repository is. `url` never holds a password, so it may be printed; it identifies the mirror. */
export interface Location {
  readonly kind: 'http' | 'ssh' | 'path';
  /** The URL without user information, the ssh address, or the absolute path. */
  readonly url: string;
  /** What was written into the URL itself. */
  readonly credentials: Credentials | null;
}

/**
 * Reads `https://…`, `http://…` (loopback, or any host when plain HTTP is allowed), `ssh://…`, `user@host:path`,
 * `file://…` or an absolute path. Everything else is refused: git's remote helpers (`ext::…`) run commands.
 * @throws GridError invalid-configuration; its message never holds the user information.
 */
export function parseLocation(text: string, allowPlainHttp = false): Location {
  if (/[\p{Cc}]/u.test(text)) throw refuse('holds a control character');
  if (isAbsolute(text)) return { kind: 'path', url: resolve(text), credentials: null };
  if (/^https?:\/\//i.test(text)) return parseHttp(text, allowPlainHttp);
  if (/^ssh:\/\//i.test(text)) return parseSsh(text);
  if (/^file:\/\//i.test(text)) return parseFile(text);
  if (/^[\w.][\w.-]*@[\w][\w.-]*:(?!-)[^\s:]+$/.test(text)) {
    return { kind: 'ssh', url: text, credentials: null };
  }
  throw refuse('is neither https://…, ssh://…, user@host:path nor an absolute path');
}

function parseHttp(text: string, allowPlainHttp: boolean): Location {
  const url = parseUrl(text);
  if (url.protocol === 'http:' && !allowPlainHttp && !isLoopback(url.hostname)) {
    throw refuse(
      'is plain http://, where anyone on the way can read and change what will be deployed',
    );
  }
  return {
    kind: 'http',
    url: `${url.protocol}//${url.host}${url.pathname.replace(/\/+$/, '')}`,
    credentials: userInformation(url),
  };
}

function parseSsh(text: string): Location {
  const url = parseUrl(text);
  if (url.password !== '') throw refuse('holds a password; ssh is used with keys');
  if (url.hostname.startsWith('-') || url.username.startsWith('-')) {
    throw refuse('has a host or user that starts with "-"');
  }
  if (!/^[\w.%~-]*$/.test(url.username)) throw refuse('has a user that is not a plain name');
  const user = url.username === '' ? '' : `${url.username}@`;
  return { kind: 'ssh', url: `ssh://${user}${url.host}${url.pathname}`, credentials: null };
}

function parseFile(text: string): Location {
  try {
    return { kind: 'path', url: resolve(fileURLToPath(text)), credentials: null };
  } catch {
    throw refuse('is a file:// URL without an absolute path on this machine');
  }
}

function parseUrl(text: string): URL {
  if (!URL.canParse(text)) throw refuse('is not a URL');
  const url = new URL(text);
  if (url.hostname === '') throw refuse('has no host');
  if (url.search !== '' || url.hash !== '') throw refuse('has a query or a fragment');
  // Encoded line ends would become lines of git's credential protocol.
  if (/%(0[0-9a-f]|1[0-9a-f]|7f)/i.test(text)) throw refuse('holds an encoded control character');
  return url;
}

function userInformation(url: URL): Credentials | null {
  if (url.username === '' && url.password === '') return null;
  return {
    username: decodeURIComponent(url.username),
    password: decodeURIComponent(url.password),
  };
}

function isLoopback(hostname: string): boolean {
  return hostname === 'localhost' || hostname === '[::1]' || /^127(\.\d+){3}$/.test(hostname);
}

function refuse(what: string): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `The repository's URL ${what}.`,
    hint: 'Write https://host/path, ssh://user@host/path, user@host:path or an absolute path.',
  });
}
