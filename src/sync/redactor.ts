import type { Credentials } from './location.ts';

// Long enough for git's own explanation, short enough for a log line.
const longest = 400;

/** Cleans what git, a server or ssh said before it becomes part of a message. Knows the secrets that were handed out. */
export class Redactor {
  readonly #secrets = new Set<string>();

  learn(credentials: Credentials): void {
    const { username, password } = credentials;
    const pair = Buffer.from(`${username}:${password}`).toString('base64');
    // A token may stand in either place. Short user names ("git") are no secrets and would black out ordinary words.
    for (const secret of username.length > 12 ? [username, password, pair] : [password, pair]) {
      if (secret === '') continue;
      this.#secrets.add(secret);
      this.#secrets.add(encodeURIComponent(secret));
    }
  }

  /** One line without secrets, user information of URLs or control characters. */
  clean(text: string): string {
    let clean = text;
    for (const secret of this.#secrets) clean = clean.replaceAll(secret, '***');
    return clean
      .replace(/\/\/[^\s/@]+@/g, '//')
      .replace(/(authorization:?\s*\w+)\s+\S+/gi, '$1 ***')
      .replace(/[\p{Cc}\p{Cf}\s]+/gu, ' ')
      .trim()
      .slice(0, longest);
  }
}
