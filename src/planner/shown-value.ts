import { showMarks } from '../model/secret.ts';
import { oneLine } from './printable.ts';

export interface ShowOptions {
  /** `false`: whoever may read the preview may not read everything; only what decides the shape of a service is shown. */
  readonly showValues: boolean;
}

export const HIDDEN = '(hidden)';

/** Longer ones are looked up in the file. */
const LONGEST_VALUE = 500;

/** What a value is called, or what is said in it, when it had better not be read by everybody. */
const secretLike =
  /pass(?:wd|word|phrase|code)|pwd|secret|token|credential|api.?key|access.?key|private.?key|keys?(?:$|["\]])|_key_|auth(?!or)|salt|dsn|sign(?:ing|ature)|cipher|certificate|challenge|webhook|hmac|(?:^|_)(?:pin|otp|psk)(?:$|["\]])/i;

/** `Password=…` in a connection string, `?token=…` in an address. */
const assigned =
  /(?:passw(?:or)?d|pwd|secret|token|key|credentials?)["']?\s{0,9}[=:]\s{0,9}["']?[^\s"']/i;

/** Values that say themselves what they are. */
const secretForms =
  /-----BEGIN|hooks\.slack\.com|\b(?:gh[pousr]_|github_pat_|glpat-|xox[baprs]-|AKIA|sk_live_|eyJ[\w-]{10,}\.)/;

/** `//user:password@host` */
const signIn = /\/\/[^/\s@]*@/g;

/** Keys below which people write whatever they like. */
const freeText = [
  'balanced',
  'balancer',
  'command',
  'entrypoint',
  'environment',
  'extras',
  'hooks',
  'labels',
  'logging',
] as const;

/**
 * A value as people may read it. Marks of secrets become names, and what looks like a secret is hidden: by its name, and by its
 * text, because a command line has the name in it. A variable of the environment may talk of passwords, and not have one.
 */
export function shownValue(key: string, value: string, { showValues }: ShowOptions): string {
  if (key.startsWith('registries.') && isName(value)) return value;
  if (isSealedText(key) || secretLike.test(lastName(key)) || secretForms.test(value)) return HIDDEN;
  const isFree = freeText.some((root) => key === root || key.startsWith(`${root}.`));
  if (isFree && !showValues) return HIDDEN;
  const named = showMarks(value);
  const telling = key.startsWith('environment.') ? assigned : secretLike;
  if (telling.test(withoutNames(named))) return HIDDEN;
  return oneLine(named.replaceAll(signIn, `//${HIDDEN}@`), LONGEST_VALUE);
}

/** Contents of files and digests of them: a digest of a short text is as good as the text. */
function isSealedText(key: string): boolean {
  return /^volumes\..*\.(?:text|files\..*)$/s.test(key);
}

function lastName(key: string): string {
  return /^(?:environment|labels|logging\.options)\./.test(key)
    ? key.slice(key.indexOf('.') + 1)
    : key.slice(key.lastIndexOf('.') + 1);
}

/** What `showMarks` makes of a mark: of an account at a registry that is what stands for its password. */
function isName(text: string): boolean {
  return text !== '' && withoutNames(text) === '';
}

/** A secret's own name is no secret. */
function withoutNames(text: string): string {
  return text.replaceAll(/⟦[^⟦⟧]*⟧/g, '');
}
