import { access, readFile } from 'node:fs/promises';
import { dirname, resolve } from 'node:path';
import { readTree } from '../manifest/read.ts';
import { didYouMean } from '../manifest/suggest.ts';
import { isNull, type TreeNode, valueAt } from '../manifest/tree.ts';
import type { CommitPolicy } from '../model/commit-policy.ts';
import { GridError } from '../model/error.ts';
import { printPosition } from '../model/problem.ts';

/**
 * Reads the file of commit policies, a list below `policies`. Whoever can write it decides who may deploy, so it is the
 * master's and never the repository's. Throws `GridError` `invalid-configuration` with every fault.
 */
export async function readPolicies(path: string): Promise<readonly CommitPolicy[]> {
  const text = await readFile(path, 'utf8').catch((error: Error) => {
    throw bad(path, [error.message]);
  });
  const { root, problems } = readTree({ kind: 'text', path, blob: '', text });
  const faults = problems.map(({ position, message }) => `${printPosition(position)}: ${message}`);
  const list = root === null ? null : listOf(root, faults);
  const policies = (list ?? []).map((node) => readPolicy(node, dirname(path), faults));
  if (policies.length === 0 && faults.length === 0) faults.push('it has no policies');
  for (const { gpg, ssh, sshRevoked } of policies) {
    for (const file of [gpg, ssh, sshRevoked]) {
      if (file !== null && !(await isThere(file))) faults.push(`cannot read ${file}`);
    }
  }
  if (faults.length > 0) throw bad(path, faults);
  return policies;
}

function listOf(root: TreeNode, faults: string[]): readonly TreeNode[] | null {
  unknownKeys(root, ['policies'], faults);
  const list = root.kind === 'map' ? valueAt(root, 'policies') : null;
  if (list?.kind === 'list') return list.items;
  faults.push(`${printPosition(root)}: expected a list below "policies"`);
  return null;
}

const keys = ['path', 'mode', 'seal', 'gpg', 'ssh', 'ssh_revoked'];

function readPolicy(node: TreeNode, folder: string, faults: string[]): CommitPolicy {
  unknownKeys(node, keys, faults);
  const read = (key: string) => textAt(node, key, faults);
  const file = (key: string) => {
    const text = read(key);
    return text === null ? null : resolve(folder, text);
  };
  const path = read('path');
  const mode = read('mode') ?? 'head';
  const seal = read('seal');
  const place = printPosition(node);
  const fault = (message: string) => faults.push(`${place}: ${message}`);
  if (path === null) fault('path is missing; "/" is the whole repository');
  else if (!/^\/?([\w.-]+\/)*([\w.-]+\/?)?$/.test(path) || /(^|\/)\.\.?(\/|$)/.test(path)) {
    fault(`"${path}" is not a folder of the repository`);
  }
  if (mode !== 'head' && mode !== 'all') fault('mode must be head or all');
  if (mode === 'all' && seal === null) fault('mode all needs a seal: the first commit to trust');
  if (seal !== null && !/^([0-9a-f]{40}|[0-9a-f]{64})$/.test(seal)) {
    fault('seal must be the whole id of a commit');
  }
  const signers = { gpg: file('gpg'), ssh: file('ssh'), sshRevoked: file('ssh_revoked') };
  if (signers.gpg === null && signers.ssh === null) fault('gpg or ssh must name a file of keys');
  return {
    path: (path ?? '').replace(/^\/|\/$/g, ''),
    mode: mode === 'all' ? 'all' : 'head',
    seal,
    ...signers,
  };
}

function textAt(node: TreeNode, key: string, faults: string[]): string | null {
  const value = node.kind === 'map' ? valueAt(node, key) : null;
  if (value === null || isNull(value)) return null;
  if (value.kind === 'scalar') return value.text;
  faults.push(`${printPosition(value)}: ${key} must be one value`);
  return null;
}

function unknownKeys(node: TreeNode, known: readonly string[], faults: string[]): void {
  if (node.kind !== 'map') {
    faults.push(`${printPosition(node)}: expected keys and values`);
    return;
  }
  for (const [name, { key }] of node.entries) {
    if (known.includes(name)) continue;
    const { hint } = didYouMean(name, known);
    const more = hint === undefined ? '' : ` (${hint})`;
    faults.push(`${printPosition(key)}: there is no key "${name}"${more}`);
  }
}

async function isThere(path: string): Promise<boolean> {
  return await access(path).then(
    () => true,
    () => false,
  );
}

function bad(path: string, faults: readonly string[]): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: [`${path} is not right:`, ...faults.map((fault) => `  ${fault}`)].join('\n'),
    hint: 'docs/verified-commits.md says what it holds.',
  });
}
