/**
 * Secret values are no part of what is planned, stored, sent around or shown. In their place stands a mark, and marks are
 * ordinary text: they go through variables and templates, and a spec with them is hashed, compared and kept like any other.
 * What a mark stands for is found out by the master when it dispatches, and put in by the node that needs it.
 *
 *   mark = "⟦" kind "." name "." id "⟧"
 *   kind = "secret" | "certificate"   sealed in the grid's secrets.yml; another value has another id
 *        | "random"                   made by the master; the id is how (manifest/chance)
 *
 * There is nothing in a mark that YAML, Liquid, `$`, a shell or an address takes to mean something.
 */
export interface Mark {
  readonly kind: MarkKind;
  readonly name: string;
  readonly id: string;
}

export type SealedKind = 'secret' | 'certificate';
export type MarkKind = SealedKind | 'random';

/** Mark → the text that its value is sealed in; `null` where the mark itself says how its value is made. */
export type SecretSources = Readonly<Record<string, string | null>>;

/** Mark → value. Never kept, but for the node's own file. */
export type SecretValues = ReadonlyMap<string, string>;

const grammar =
  /⟦(secret|certificate|random)\.([A-Za-z0-9_.*-]{1,255})\.([A-Za-z0-9_-]{1,8192})⟧/gu;

export function printMark({ kind, name, id }: Mark): string {
  return `⟦${kind}.${name}.${id}⟧`;
}

/** `null`: no mark. */
export function parseMark(text: string): Mark | null {
  const [match] = text.matchAll(grammar);
  const [whole, kind, name = '', id = ''] = match ?? [];
  return whole === text ? { kind: kind as MarkKind, name, id } : null;
}

/** Whether a secret is in a text. */
export function hasMark(text: string): boolean {
  return text.includes('⟦') && text.search(grammar) !== -1;
}

/** All marks in the texts of a value, its keys left out, sorted. */
export function marksWithin(value: unknown): readonly string[] {
  const found = new Set<string>();
  collect(value, found);
  return [...found].toSorted();
}

function collect(value: unknown, found: Set<string>): void {
  if (typeof value === 'string') {
    if (value.includes('⟦')) for (const [mark] of value.matchAll(grammar)) found.add(mark);
  } else if (typeof value === 'object' && value !== null)
    for (const part of Object.values(value)) collect(part, found);
}

/** The value with every mark replaced that stands for something; others are what somebody wrote. */
export function fillMarks<T>(value: T, values: SecretValues): T {
  return values.size === 0 ? value : (fill(value, values) as T);
}

function fill(value: unknown, values: SecretValues): unknown {
  if (typeof value === 'string')
    return value.includes('⟦') ? value.replace(grammar, (mark) => values.get(mark) ?? mark) : value;
  if (Array.isArray(value)) return value.map((part) => fill(part, values));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, part]) => [key, fill(part, values)]));
}

/** What a person reads in place of a mark: its name. */
export function showMarks(text: string): string {
  return text.includes('⟦') ? text.replace(grammar, (_, _kind, name: string) => `⟦${name}⟧`) : text;
}

/**
 * A sealed value as it is committed: `g1.<id>.<age, base64url>`. The id is chosen anew with each value, and says nothing
 * about it. It is inside of what is sealed, too, with the grid and the name: a value that was moved elsewhere does not open.
 */
export interface SealedText {
  readonly id: string;
  /** Base64url. */
  readonly payload: string;
}

export const sealedPattern = '^g1\\.[a-z2-7]{16}\\.[A-Za-z0-9_-]{64,131072}$';
const sealed = new RegExp(sealedPattern);

export function parseSealed(text: string): SealedText | null {
  if (!sealed.test(text)) return null;
  const [, id = '', payload = ''] = text.split('.');
  return { id, payload };
}

export function printSealed({ id, payload }: SealedText): string {
  return `g1.${id}.${payload}`;
}

/** Names of secrets, and what certificates are for. */
export const secretName = /^[A-Za-z0-9][A-Za-z0-9_.-]{0,127}$/;
export const certificateName = /^(?:\*\.)?[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/;

/** Bytes. The kernel takes no more than twice this as a variable of the environment; a key or a certificate is far below it. */
export const maxSecretBytes = 64 * 1024;
