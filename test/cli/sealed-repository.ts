import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSecrets } from '../../src/manifest/secrets-edit.ts';
import { createIdentity, recipientOf } from '../../src/secrets/age.ts';
import { openValue } from '../../src/secrets/sealed-value.ts';
import { type CliOptions, type CliResult, runGridops, withFolder } from './test-cli.ts';

export const SECRETS_FILE = 'grids/demo/secrets.yml';

export interface SealedRepository {
  readonly folder: string;
  readonly recipient: string;
  /** Runs in the working tree. */
  readonly run: (args: readonly string[], options?: CliOptions) => Promise<CliResult>;
  /** The text of secrets.yml; empty when there is none. */
  readonly text: () => Promise<string>;
  /** Every value that opens with the key, by name; of others the reason. */
  readonly opened: () => Promise<Readonly<Record<string, string>>>;
}

/** A working tree with one grid, whose secrets.yml says what to seal for. */
export async function withRepository(
  files: Readonly<Record<string, string>>,
  use: (repository: SealedRepository) => Promise<void>,
): Promise<void> {
  const identity = await createIdentity();
  const recipient = await recipientOf(identity);
  const usual = { 'grids/demo/grid.yml': '', [SECRETS_FILE]: `recipient: ${recipient}\n` };
  await withFolder({ ...usual, ...files }, async (folder) => {
    const text = async (): Promise<string> =>
      await readFile(join(folder, SECRETS_FILE), 'utf8').catch(() => '');
    await use({
      folder,
      recipient,
      text,
      run: async (args, options) =>
        await runGridops(args, { fetch: noMaster, ...options, cwd: options?.cwd ?? folder }),
      opened: async () => {
        const file = { kind: 'text', path: SECRETS_FILE, blob: '', text: await text() } as const;
        const values: Record<string, string> = {};
        for (const { kind, name, text: sealed } of readSecrets(file).items) {
          const { value, reason } = await openValue(
            [identity],
            { grid: 'demo', kind, name },
            sealed,
          );
          values[name] = value ?? reason;
        }
        return values;
      },
    });
  });
}

/** A master that has this key. */
export function aMasterWith(recipient: string): typeof fetch {
  return async (input) => {
    const path = new Request(input).url.replace(/^https?:\/\/[^/]*/, '');
    return path === '/api/v1/recipient'
      ? Response.json({ recipient })
      : Response.json({ error: { code: 'not-found', message: path } }, { status: 404 });
  };
}

async function noMaster(): Promise<Response> {
  throw new TypeError('fetch failed', { cause: { code: 'ECONNREFUSED', message: 'refused' } });
}
