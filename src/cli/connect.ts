import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type Client, createClient } from './client.ts';
import type { Io } from './io.ts';
import { readSettingsFile } from './settings-file.ts';
import { type Flags, loadSettings } from './settings-load.ts';

export interface Target {
  readonly url: string;
  readonly token: string | null;
  /** Where the token is from, for people. */
  readonly tokenSource: string;
}

export async function connect(io: Io, flags: Flags): Promise<Client> {
  const { url, token } = await findMaster(io, flags);
  return createClient({ url, token, io });
}

/**
 * Which master, and by which token. Without one that was given, a master that was started here with its defaults is found by
 * the token file that it made; a token is never taken from a file of this machine for a master elsewhere.
 */
export async function findMaster(io: Io, flags: Flags): Promise<Target> {
  const file = await readSettingsFile(io, flagText(flags['config']));
  const { values, settings } = await loadSettings({ section: 'client', flags, file, io });
  const { url, api_token: token } = values;
  const source = settings.find(({ name }) => name === 'api_token')?.source ?? '';
  if (token !== null) return { url, token, tokenSource: source };
  if (!isLoopback(url)) return { url, token: null, tokenSource: 'not given' };
  const master = await loadSettings({ section: 'master', flags: {}, file, io });
  const path = join(master.values.data, 'api-token');
  const found = await readToken(path);
  return { url, token: found, tokenSource: found === null ? 'not given' : path };
}

export function isLoopback(url: string): boolean {
  return /^(localhost|127(\.\d+){3}|\[::1\])$/.test(new URL(url).hostname);
}

async function readToken(path: string): Promise<string | null> {
  try {
    return (await readFile(path, 'utf8')).trim() || null;
  } catch {
    return null;
  }
}

function flagText(value: Flags[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
