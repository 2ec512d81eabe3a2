import type { MergedTree, MergeRequest } from './engine.ts';
import { damaged, unmergeable } from './faults.ts';
import { runGit } from './git-command.ts';
import { fixedArgs, type NativeEnvironment, nativeEnvironment } from './native-environment.ts';

/** `git merge-tree` writes trees since 2.38. */
export function mergesTrees(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  return major > 2 || (major === 2 && minor >= 38);
}

// Renames of whole folders, which git would only ask about, are not followed; rerere, and with it hooks, never takes part.
const mergeConfig = Object.entries({
  'merge.directoryRenames': 'false',
  'merge.renames': 'true',
  'rerere.enabled': 'false',
}).flatMap(([key, value]) => ['-c', `${key}=${value}`]);

/**
 * What git itself makes of two commits, without a work tree. Attributes come from files of a work tree or an index,
 * which a mirror has not, and from `GIT_ATTR_SOURCE` since 2.41, which is told to look at the empty tree: merge drivers
 * of the repository have no effect, and none is configured.
 */
export async function nativeMerge(
  of: NativeEnvironment,
  request: MergeRequest,
): Promise<MergedTree> {
  const { location, program } = of.options;
  const { directory, ours, theirs, signal } = request;
  const what = ['merge-tree', '--write-tree', '--name-only', '--no-messages', '-z'];
  const env = { ...nativeEnvironment(of), GIT_ATTR_SOURCE: emptyTree(ours) };
  const args = [...fixedArgs, ...mergeConfig, `--git-dir=${directory}`, ...what, ours, theirs];
  const { code, stdout, stderr } = await runGit({ program, args, env, signal });
  const [tree = '', ...files] = stdout.split('\0').filter((part) => part !== '');
  if (code === 0 && tree !== '') return { kind: 'clean', tree };
  if (code === 1) return { kind: 'conflict', files: plainNames(files, request) };
  if (/bad|corrupt|missing|unable to read/i.test(stderr)) throw damaged(location.url, 'no merge');
  throw unmergeable(location.url, stderr.split('\n')[0] ?? '');
}

/** Where a file and a folder have one name, git renames the file: `name~<commit>`. */
function plainNames(files: readonly string[], { ours, theirs }: MergeRequest): readonly string[] {
  const plain = files.map((file) =>
    file.replace(/~([0-9a-f]{40,64})(_\d+)?$/, (suffix, sha: string) =>
      sha === ours || sha === theirs ? '' : suffix,
    ),
  );
  return [...new Set(plain)];
}

function emptyTree(like: string): string {
  return like.length === 64
    ? '6ef19b41225c5369f1c104d45d8d85efa9b057b53b14b4b9b939dd74decc5321'
    : '4b825dc642cb6eb9a060e54bf8d69288fbee4904';
}
