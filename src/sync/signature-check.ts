import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { readSigned, type SignedCommit } from './commit-signature.ts';
import { runTool, type ToolResult } from './run-tool.ts';

/** Files of the master's, never of the repository: whose signatures count. */
export interface TrustedSigners {
  /** Public keys as `gpg --export` writes them, armoured or not. */
  readonly gpg: string | null;
  /** As `ssh-keygen` describes it in ALLOWED SIGNERS. */
  readonly ssh: string | null;
  /** Keys that were taken back: a list of public keys, or a KRL. */
  readonly sshRevoked: string | null;
}

export type SignatureVerdict =
  | { readonly kind: 'good'; readonly signer: string }
  /** `why` completes "it …". */
  | { readonly kind: 'bad'; readonly why: string };

export interface SignatureCheck {
  /** `content`: the commit as it is stored; `digits`: of the repository's object ids. */
  check(
    commit: { readonly content: Uint8Array; readonly digits: number },
    trusted: TrustedSigners,
  ): Promise<SignatureVerdict>;
}

/**
 * Signatures by the machine's own `gpg` and `ssh-keygen`, in a folder of ours: no keys, no configuration and no agent of
 * the user's take part, and nothing is fetched from anywhere.
 */
export function createSignatureCheck(directory: string): SignatureCheck {
  const homes = new Map<string, Promise<string>>();
  // What an earlier process left is of no use: whose keys they are is looked up anew.
  const prepared = once(async () => {
    await rm(directory, { recursive: true, force: true });
    await mkdir(directory, { recursive: true, mode: 0o700 });
  });
  return {
    check: async ({ content, digits }, trusted) => {
      const signed = readSigned(content, digits);
      if (signed.signature === null) return bad('is not signed');
      if (signed.kind === 'unknown') return bad('is signed in a way that is not known here');
      const keys = trusted[signed.kind];
      if (keys === null)
        return bad(`is signed by ${names[signed.kind]}, of which no keys are trusted`);
      await prepared();
      const folder = await mkdtemp(join(directory, 'check-'));
      try {
        return signed.kind === 'gpg'
          ? await checkGpg(signed, { folder, home: await gpgHome(homes, directory, keys) })
          : await checkSsh(signed, { folder, keys, revoked: trusted.sshRevoked });
      } finally {
        await rm(folder, { recursive: true, force: true });
      }
    },
  };
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | null = null;
  return async () => {
    done ??= work();
    await done;
  };
}

const names = { gpg: 'GPG', ssh: 'SSH' } as const;

function bad(why: string): SignatureVerdict {
  return { kind: 'bad', why };
}

/** One for each content of the file of keys, made once. */
async function gpgHome(
  homes: Map<string, Promise<string>>,
  directory: string,
  file: string,
): Promise<string> {
  const keys = await readFile(file);
  const key = createHash('sha256').update(keys).digest('hex');
  const known = homes.get(key);
  if (known !== undefined) return await known;
  const made = makeHome(directory, keys);
  homes.set(key, made);
  made.catch(() => homes.delete(key));
  return await made;
}

async function makeHome(directory: string, keys: Uint8Array): Promise<string> {
  const home = await mkdtemp(join(directory, 'gpg-'));
  await gpg(home, ['--import'], keys);
  return home;
}

const quiet = ['--batch', '--no-tty', '--no-options', '--no-auto-check-trustdb'];
const alone = ['--no-auto-key-retrieve', '--disable-dirmngr', '--trust-model', 'always'];

async function gpg(
  home: string,
  args: readonly string[],
  stdin: Uint8Array,
): Promise<ToolResult | null> {
  return await runTool({
    program: 'gpg',
    args: ['--homedir', home, ...quiet, ...alone, '--status-fd', '1', ...args],
    env: environment(home),
    stdin,
    cwd: home,
  });
}

async function checkGpg(
  { payload, signature }: SignedCommit,
  { folder, home }: { readonly folder: string; readonly home: string },
): Promise<SignatureVerdict> {
  const file = join(folder, 'signature.asc');
  await writeFile(file, signature ?? '', 'latin1');
  const result = await gpg(home, ['--verify', file, '-'], payload);
  if (result === null) return missing('gpg', 'gnupg');
  return gpgVerdict(result.stdout);
}

const faults: Readonly<Record<string, string>> = {
  BADSIG: 'was changed after it was signed',
  EXPSIG: 'has a signature that has expired',
  EXPKEYSIG: 'is signed with a key that has expired',
  REVKEYSIG: 'is signed with a key that was revoked',
  ERRSIG: 'is signed with a key that is not trusted',
};

/** By gpg's own lines for machines. Exactly one signature, and that one good: with several, which one counts is anybody's. */
function gpgVerdict(status: string): SignatureVerdict {
  const lines = status.split('\n').flatMap((line) => /^\[GNUPG:\] (.*)$/.exec(line)?.[1] ?? []);
  const verdicts = lines.filter((line) =>
    /^(GOODSIG|BADSIG|EXPSIG|EXPKEYSIG|REVKEYSIG|ERRSIG) /.test(line),
  );
  const [verdict = '', ...others] = verdicts;
  const [kind = '', key = '', ...name] = verdict.split(' ');
  if (others.length > 0) return bad('has several signatures');
  const valid = lines.some((line) => line.startsWith('VALIDSIG '));
  if (kind === 'GOODSIG' && valid) return { kind: 'good', signer: `${name.join(' ')} (${key})` };
  const who = name.length > 0 && kind !== 'ERRSIG' ? `${name.join(' ')}, ` : '';
  const why = faults[kind];
  return bad(why === undefined ? 'has a signature that cannot be read' : `${why} (${who}${key})`);
}

interface SshCheck {
  readonly folder: string;
  readonly keys: string;
  readonly revoked: string | null;
}

async function checkSsh(
  { payload, signature }: SignedCommit,
  { folder, keys, revoked }: SshCheck,
): Promise<SignatureVerdict> {
  const file = join(folder, 'signature');
  await writeFile(file, signature ?? '', 'latin1');
  const run = async (action: string, more: readonly string[]) =>
    await runTool({
      program: 'ssh-keygen',
      args: ['-Y', action, '-f', keys, '-s', file, ...more],
      env: environment(folder),
      stdin: payload,
      cwd: folder,
    });
  const found = await run('find-principals', []);
  if (found === null) return missing('ssh-keygen', 'openssh-client');
  const [principal = ''] = found.stdout.split('\n');
  if (found.code !== 0 || principal === '') {
    // Only what it says of the signature by itself tells a foreign key from a broken signature.
    return bad(await foreignKey(run, found));
  }
  const verify = ['-n', 'git', '-I', principal];
  const result = await run('verify', [...verify, ...(revoked === null ? [] : ['-r', revoked])]);
  if (result?.code === 0) return { kind: 'good', signer: signerOf(principal, result.stdout) };
  // It does not say why.
  const isRevoked = revoked !== null && (await run('verify', verify))?.code === 0;
  return bad(isRevoked ? 'is signed with a key that was revoked' : sshFault(result?.stderr ?? ''));
}

async function foreignKey(
  run: (action: string, more: readonly string[]) => Promise<ToolResult | null>,
  found: ToolResult,
): Promise<string> {
  const own = await run('check-novalidate', ['-n', 'git']);
  const key = /with (\S+) key (\S+)/.exec(own?.stdout ?? '');
  if (own?.code !== 0) return 'was changed after it was signed, or its signature is broken';
  if (/expired|not yet valid/i.test(found.stderr))
    return `is signed with a key that has expired (${key?.[2]})`;
  return `is signed with a key that is not trusted now (${key?.[1]} ${key?.[2]})`;
}

function sshFault(stderr: string): string {
  if (/incorrect signature|Signature verification failed/i.test(stderr)) {
    return 'was changed after it was signed';
  }
  if (/expired|not yet valid|no principal|not valid/i.test(stderr)) {
    return 'is signed with a key that is not trusted now';
  }
  return 'has a signature that does not verify';
}

function signerOf(principal: string, said: string): string {
  const key = /key (SHA256:\S+)/.exec(said)?.[1];
  return key === undefined ? principal : `${principal} (${key})`;
}

function missing(program: string, name: string): SignatureVerdict {
  return bad(`cannot be checked: there is no ${program} on the master (apt install ${name})`);
}

function environment(home: string): Readonly<Record<string, string>> {
  return { PATH: process.env['PATH'] ?? '', LC_ALL: 'C', HOME: home, GNUPGHOME: home };
}
