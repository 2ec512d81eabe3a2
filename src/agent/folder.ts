import { rm, rmdir } from 'node:fs/promises';
import path from 'node:path';
import { GridError } from '../model/error.ts';
import { readText } from '../runtime/private-file.ts';
import { holdAlone } from '../runtime/sole-use.ts';

/**
 * Has an agent's folder for this process alone: two agents of one node would undo what the other one does. Resolves to how to
 * let go. Throws `invalid-configuration` where another process has it.
 */
export async function holdAgentFolder(directory: string): Promise<() => Promise<void>> {
  const key = (await readText(path.join(directory, 'node.pem'))) ?? directory;
  const letGo = await holdAlone(key);
  if (letGo !== null) return letGo;
  throw new GridError({
    code: 'invalid-configuration',
    message: `an agent runs with ${directory}`,
    hint: 'Stop it first, or give this one a folder of its own: --data.',
  });
}

/** Everything that an agent writes into its folder; who is a node of what is the last to go, so that this can be done again. */
const files = [
  'balancers',
  'files',
  'assignment.json',
  'hooks.json',
  'jobs.json',
  'drift.json',
  'volumes.json',
  'secrets.json',
  'dns.sock',
  'wireguard.key',
  'network.json',
  'facts.json',
  'images.json',
  'membership.json',
  'node.pem',
];

/** Takes all of it away, and the folder unless anything else is in it, or it is mounted. */
export async function emptyAgentFolder(directory: string): Promise<void> {
  // What was cut off while it was written (`writePrivately`) may hold secrets, too.
  for (const name of files)
    for (const one of [`${name}.new`, name])
      await rm(path.join(directory, one), { recursive: true, force: true });
  await rmdir(directory).catch(() => undefined);
}
