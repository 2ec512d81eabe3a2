import path from 'node:path';
import { GridError } from '../model/error.ts';
import {
  fillMarks,
  marksWithin,
  type SecretSources,
  type SecretValues,
  showMarks,
} from '../model/secret.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';
import { createIdentity, type Identity, type Recipient, recipientOf } from '../secrets/age.ts';
import { readValues, unpackValues } from '../secrets/parcel.ts';

/** Shorter texts are no secrets, and stand in other texts by chance. */
const MIN_CONCEALED = 4;
/** Of a value with many lines, such as a key. */
const MIN_CONCEALED_LINE = 12;

/**
 * The values of secrets on this node, in `secrets.json` of the agent's directory: containers are made again while the master is
 * away, too. Values come sealed for a key that this process made for itself, and that nobody else ever sees.
 *
 * Values that the assignment needs no more are kept until `forget`: containers of older specs may still run their hooks.
 */
export class SecretStore {
  readonly recipient: Recipient;
  readonly #identity: Identity;
  readonly #save: (text: string) => Promise<void>;
  #values: SecretValues;
  #wanted: ReadonlySet<string> = new Set();
  /** One change after the other: each starts from what the one before has left. */
  #turn: Promise<unknown> = Promise.resolve();

  private constructor(of: {
    readonly identity: Identity;
    readonly recipient: Recipient;
    readonly values: SecretValues;
    readonly save: (text: string) => Promise<void>;
  }) {
    this.recipient = of.recipient;
    this.#identity = of.identity;
    this.#values = of.values;
    this.#save = of.save;
  }

  /** What is damaged on disk counts as lost: the master sends it again. */
  static async open(directory: string): Promise<SecretStore> {
    const file = path.join(directory, 'secrets.json');
    const text = await readText(file);
    const identity = await createIdentity();
    return new SecretStore({
      identity,
      recipient: await recipientOf(identity),
      values: (text === null ? null : readValues(text)) ?? new Map(),
      save: async (changed) => await writePrivately(file, changed),
    });
  }

  /** Durable when it resolves. Throws `GridError` `protocol-violation` for what was not sealed for this process. */
  async take(parcel: string): Promise<void> {
    const values = await unpackValues(this.#identity, parcel);
    if (values === null)
      throw new GridError({
        code: 'protocol-violation',
        message: 'the secrets are not for this agent',
        retry: 'later',
      });
    // Their assignment is about to be taken: until then they are in nobody's way.
    this.#wanted = new Set([...this.#wanted, ...values.keys()]);
    await this.#change((known) => new Map([...known, ...values]));
  }

  /** From now on these have to be known. */
  expect(sources: SecretSources): void {
    this.#wanted = new Set(Object.keys(sources));
  }

  /** Whether values are missing that somebody has to send. */
  lacks(sources: SecretSources): boolean {
    return Object.keys(sources).some((mark) => !this.#values.has(mark));
  }

  /** No container is left of a spec that is not assigned. */
  async forget(): Promise<void> {
    await this.#change((known) => new Map([...known].filter(([mark]) => this.#wanted.has(mark))));
  }

  /** Throws `GridError` `secret-missing` when a value that is expected is not there. */
  reveal<T>(value: T): T {
    if (this.#wanted.size === 0 && this.#values.size === 0) return value;
    const missing = marksWithin(value).find(
      (mark) => this.#wanted.has(mark) && !this.#values.has(mark),
    );
    if (missing === undefined) return fillMarks(value, this.#values);
    throw new GridError({
      code: 'secret-missing',
      message: `the master did not send the value of ${showMarks(missing)}`,
      retry: 'later',
      hint: 'Its events say why: gridops events.',
    });
  }

  /** A text of a container or of the engine, without the values that stand in it. */
  conceal(text: string): string {
    const parts = [...this.#values.values()].flatMap(partsOf);
    // One may be the beginning of another.
    const longestFirst = parts.toSorted((a, b) => b.length - a.length);
    return longestFirst.reduce((shown, part) => withoutPart(shown, part), text);
  }

  async #change(next: (known: SecretValues) => SecretValues): Promise<void> {
    const turn = this.#after(this.#turn, next);
    this.#turn = turn.catch(() => undefined);
    await turn;
  }

  async #after(
    before: Promise<unknown>,
    next: (known: SecretValues) => SecretValues,
  ): Promise<void> {
    await before;
    await this.#keep(next(this.#values));
  }

  async #keep(values: SecretValues): Promise<void> {
    const text = JSON.stringify([...values]);
    if (text === JSON.stringify([...this.#values])) return;
    await this.#save(text);
    this.#values = values;
  }
}

const HIDDEN = '[hidden]';
/** What docker-log puts at the end of a line that it cut. */
const CUT = '…';
const MIN_START = 8;

/** Also where the text was cut in the middle of it. */
function withoutPart(text: string, part: string): string {
  const shown = text.replaceAll(part, HIDDEN);
  if (!shown.endsWith(CUT)) return shown;
  const start = part.slice(0, MIN_START);
  for (let at = shown.indexOf(start); at !== -1; at = shown.indexOf(start, at + 1))
    if (part.startsWith(shown.slice(at, -CUT.length))) return shown.slice(0, at) + HIDDEN + CUT;
  return shown;
}

/**
 * What may stand in a text: programs print values as a whole, without the line break that a file of one line ends with, and
 * long ones line by line.
 */
function partsOf(value: string): readonly string[] {
  const plain = value.trim();
  if (plain.length < MIN_CONCEALED) return [];
  const lines = value.includes('\n') ? value.split(/\r?\n/) : [];
  return [value, plain, ...lines.filter((line) => line.length >= MIN_CONCEALED_LINE)];
}
