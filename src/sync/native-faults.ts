import { GridError } from '../model/error.ts';
import {
  branchMissing,
  damaged,
  installGit,
  refused,
  tooLarge,
  unreachable,
  unsupported,
} from './faults.ts';

/** One rule: what git prints, and what it means. The first that matches counts. */
interface Rule {
  readonly pattern: RegExp;
  readonly fault: (where: string, said: string, ref: string) => GridError;
}

const rules: readonly Rule[] = [
  {
    pattern: /couldn't find remote ref/i,
    fault: (where, _said, ref) => branchMissing(where, ref),
  },
  {
    pattern:
      /could not read (username|password)|authentication failed|access denied|permission denied \(|host key verification failed|host identification has changed|returned error: 40[13]|repository .*not found|repository not found/i,
    fault: refused,
  },
  {
    pattern: /mismatched algorithms|object[- ]format|unknown repository extension/i,
    fault: (where, said) => unsupported(where, said, installGit),
  },
  {
    pattern:
      /no space left|disk quota exceeded|read-only file system|unable to create (temporary|threaded)|too many open files/i,
    fault: (where, said) =>
      new GridError({
        code: 'internal',
        message: `Cannot keep a mirror of ${where}: ${said}.`,
        hint: 'Make room in the data directory and see that the master may write there.',
        retry: 'later',
      }),
  },
  {
    pattern:
      /could(n't| not) (connect|resolve)|remote end hung up|early eof|rpc failed|returned error|timed out|connection (refused|reset|closed)|does not appear to be a git repository|could not read from remote|invalid index-pack output|unexpected disconnect|expected flush|bad line length|protocol error|failed to connect/i,
    fault: (where, said) => unreachable(where, said),
  },
  {
    pattern:
      /corrupt|bad (object|tree|config)|missing (blob|tree|commit)|not a git repository|unable to (read|parse|find)|did not send all necessary objects|loose object|packfile|pack index|unresolved delta|index file/i,
    fault: (where, said) => damaged(where, said),
  },
];

/**
 * What a failed git command means. `said` is its redacted stderr. Messages are those of `LC_ALL=C`; what is not known
 * is taken for a fault that passes.
 */
export function nativeFault(where: string, said: string, ref: string): GridError {
  const rule = rules.find(({ pattern }) => pattern.test(said));
  const phrase = said.replace(/\.$/, '') || 'git gave no reason';
  return rule?.fault(where, phrase, ref) ?? unreachable(where, phrase);
}

export function mirrorTooLarge(where: string, maxBytes: number): GridError {
  return tooLarge(
    where,
    `its mirror would take more than ${Math.round(maxBytes / 2 ** 20)} MiB`,
    'Keep large files out of the grid repository, or raise the limit.',
  );
}
