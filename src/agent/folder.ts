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
