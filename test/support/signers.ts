import { execFile } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { WorkRepository } from './temp-repo.ts';

const run = promisify(execFile);

/** A person who can sign, and options of git that make them do it. */
export interface Signer {
  readonly options: readonly string[];
  /** File of their public key: armoured for GPG, a line of `allowed_signers` for SSH. */
  readonly publicKey: string;
}

export interface Signers {
  readonly directory: string;
  gpg(name: string, of?: { readonly expires?: string; readonly at?: string }): Promise<Signer>;
  ssh(name: string, options?: string): Promise<Signer>;
  /** The public key of a GPG signer, revoked. */
  revoked(name: string): Promise<string>;
  dispose(): Promise<void>;
}

/** Real keys, in a folder of their own. */
export async function createSigners(): Promise<Signers> {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-signers-'));
  const homeOf = (name: string) => join(directory, `h-${name}`);
  const gpg = async (name: string, ...args: readonly string[]) => {
    const all = ['--homedir', homeOf(name), '--batch', '--no-tty', '--yes', ...args];
    return await run('gpg', all, { env: { PATH: process.env['PATH'], LC_ALL: 'C' } });
  };
  const exported = async (name: string, file: string) => {
    const path = join(directory, file);
    await gpg(name, '--armor', '--output', path, '--export');
    return path;
  };
  return {
    directory,
    gpg: async (name, { expires = 'never', at } = {}) => {
      await mkdir(homeOf(name), { mode: 0o700 });
      const time = at === undefined ? [] : ['--faked-system-time', at];
      const key = [`${name} <${name}@example.com>`, 'ed25519', 'sign', expires];
      await gpg(name, ...time, '--passphrase', '', '--quick-generate-key', ...key);
      const program = join(directory, `gpg-${name}`);
      await writeFile(
        program,
        `#!/bin/sh\nexec gpg --homedir '${homeOf(name)}' ${time.join(' ')} "$@"\n`,
      );
      await chmod(program, 0o755);
      return {
        options: [
          '-c',
          'gpg.format=openpgp',
          '-c',
          `gpg.program=${program}`,
          '-c',
          `user.signingkey=${name}`,
        ],
        publicKey: await exported(name, `${name}.asc`),
      };
    },
    ssh: async (name, options = 'namespaces="git"') => {
      const key = join(directory, name);
      await run('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-C', name, '-f', key]);
      const allowed = `${key}.allowed`;
      const line = await readFile(`${key}.pub`, 'utf8');
      await writeFile(allowed, `${name}@example.com ${options} ${line}`);
      return {
        options: ['-c', 'gpg.format=ssh', '-c', `user.signingkey=${key}`],
        publicKey: allowed,
      };
    },
    revoked: async (name) => {
      const { stdout } = await gpg(name, '--with-colons', '--list-keys');
      const print = /^fpr:+([0-9A-F]+)/m.exec(stdout)?.[1] ?? '';
      const file = join(homeOf(name), 'openpgp-revocs.d', `${print}.rev`);
      const certificate = (await readFile(file, 'utf8')).replace(/^:-----/m, '-----');
      await writeFile(`${file}.on`, certificate);
      await gpg(name, '--import', `${file}.on`);
      return await exported(name, `${name}-revoked.asc`);
    },
    dispose: async () => {
      for (const name of await readdir(directory)) {
        if (!name.startsWith('h-')) continue;
        // The agent of a key would stay.
        const env = { PATH: process.env['PATH'], GNUPGHOME: join(directory, name) };
        await run('gpgconf', ['--kill', 'all'], { env }).catch(() => undefined);
      }
      await rm(directory, { recursive: true, force: true });
    },
  };
}

/** Commits files, signed by somebody or by nobody. */
export async function commitAs(
  work: WorkRepository,
  signer: Signer | null,
  files: Readonly<Record<string, string>>,
): Promise<string> {
  for (const [path, text] of Object.entries(files)) await work.write(path, text);
  await work.git('add', '--all');
  const sign = signer === null ? ['--no-gpg-sign'] : ['-S'];
  const what = ['commit', '-q', '--allow-empty', ...sign, '-m', 'a change'];
  await work.git(...(signer?.options ?? []), ...what);
  return await work.head();
}
