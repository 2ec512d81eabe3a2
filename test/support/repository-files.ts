import { mkdir, readdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/**
 * What git keeps of a repository in plain files, read and written without a process: tests do it all the time, and to start
 * one from a process that has grown large takes longer than what it does.
 */
export interface NewRepository {
  readonly branch: string;
  readonly objectFormat?: 'sha1' | 'sha256';
  /** More of its configuration. */
  readonly config?: string;
}

/** The files of `git init`, in a git directory. */
export async function initRepository(
  directory: string,
  {
    isBare,
    branch,
    objectFormat = 'sha1',
    config = '',
  }: NewRepository & { readonly isBare: boolean },
): Promise<void> {
  for (const folder of ['objects', 'hooks'])
    await mkdir(join(directory, folder), { recursive: true });
  await mkdir(join(directory, 'refs', 'heads'), { recursive: true });
  const isOld = objectFormat === 'sha1';
  const core = `[core]\n\trepositoryformatversion = ${isOld ? 0 : 1}\n\tfilemode = true\n\tbare = ${isBare}\n`;
  const format = isOld ? '' : `[extensions]\n\tobjectformat = ${objectFormat}\n`;
  // Nothing tidies up behind a test's back.
  const quiet = '[gc]\n\tauto = 0\n[maintenance]\n\tauto = false\n[receive]\n\tautogc = false\n';
  await writeFile(join(directory, 'HEAD'), `ref: refs/heads/${branch}\n`);
  await writeFile(join(directory, 'config'), `${core}${format}${quiet}${config}`);
}

/** Ids by full name, as `git for-each-ref` lists them. */
export async function readRefs(directory: string): Promise<ReadonlyMap<string, string>> {
  const packed = await readText(join(directory, 'packed-refs'));
  const refs = new Map<string, string>();
  for (const line of packed.split('\n')) {
    const [, oid, ref] = /^([0-9a-f]{40,64}) (\S+)$/.exec(line) ?? [];
    if (oid !== undefined && ref !== undefined) refs.set(ref, oid);
  }
  // After the packed ones: a loose ref is the newer one.
  const names = (await readdir(join(directory, 'refs'), { recursive: true })).map(
    (name) => `refs/${name}`,
  );
  const found = await Promise.all(names.map((name) => readText(join(directory, name))));
  for (const [at, text] of found.entries())
    if (/^[0-9a-f]{40,64}\n$/.test(text)) refs.set(names[at] ?? '', text.trim());
  return new Map([...refs].toSorted(([a], [b]) => (a < b ? -1 : 1)));
}

/** At once or not at all, as git does it. */
export async function writeRef(directory: string, ref: string, oid: string): Promise<void> {
  const file = join(directory, ref);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(`${file}.lock`, `${oid}\n`, { flag: 'wx' });
  await rename(`${file}.lock`, file);
}

/** Where HEAD points in the end; null before the first commit. */
export async function readHead(directory: string): Promise<string | null> {
  const head = (await readText(join(directory, 'HEAD'))).trim();
  const ref = /^ref: (.+)$/.exec(head)?.[1];
  return ref === undefined ? head : ((await readRefs(directory)).get(ref) ?? null);
}

/** Empty when there is no such file. */
async function readText(file: string): Promise<string> {
  return await readFile(file, 'utf8').catch(() => '');
}
