import { setImmediate } from 'node:timers/promises';
import { deriveChance } from '../manifest/chance.ts';
import { parseMark, type SecretSources } from '../model/secret.ts';
import type { Seed } from '../model/seed.ts';
import type { Identity, Recipient } from '../secrets/age.ts';
import { openValue } from '../secrets/sealed-value.ts';

/** What stands behind marks; values leave it only for a node, and are not kept. */
export interface Vault {
  /** What values are sealed for. */
  readonly recipient: Recipient;
  /** The values of a grid's marks, and why the others cannot be had, by mark. */
  open(grid: string, sources: SecretSources): Promise<OpenedSecrets>;
}

export interface OpenedSecrets {
  readonly values: ReadonlyMap<string, string>;
  readonly reasons: ReadonlyMap<string, string>;
}

export interface VaultOptions {
  /** The first seals; the others still open what was sealed for them. */
  readonly identities: readonly Identity[];
  readonly recipient: Recipient;
  readonly seed: Seed;
}

/** Secrets that are opened in one go. */
const BREATH = 20;

export function createVault({ identities, recipient, seed }: VaultOptions): Vault {
  async function openOne(grid: string, mark: string, text: string | null) {
    const parsed = parseMark(mark);
    if (parsed === null) return { reason: 'it is no mark' };
    const { kind, name } = parsed;
    if (kind !== 'random') return await openValue(identities, { grid, kind, name }, text ?? '');
    const value = deriveChance(mark, grid, seed);
    return value === null
      ? { reason: 'it was made with another seed, or for another grid' }
      : { value };
  }
  return {
    recipient,
    async open(grid, sources) {
      const values = new Map<string, string>();
      const reasons = new Map<string, string>();
      for (const [at, [mark, text]] of Object.entries(sources).entries()) {
        // Each takes a millisecond or two, and others have work for this thread, too.
        if (at % BREATH === BREATH - 1) await setImmediate();
        const { value, reason } = await openOne(grid, mark, text);
        if (value === undefined) reasons.set(mark, reason ?? '');
        else values.set(mark, value);
      }
      return { values, reasons };
    },
  };
}
