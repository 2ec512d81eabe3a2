import { runGit } from './git-command.ts';

// 2.30: `--end-of-options` everywhere, sha256 repositories, `fetch --no-write-fetch-head`.
const oldest = [2, 30] as const;

const patience = 5_000;

/** The version of the machine's git, as in "2.39"; null when there is none or it is too old to be used. */
export async function usableGit(program: string): Promise<string | null> {
  try {
    const { stdout } = await runGit({
      program,
      args: ['--version'],
      env: { PATH: process.env['PATH'] ?? '' },
      signal: AbortSignal.timeout(patience),
    });
    return recentEnough(stdout);
  } catch {
    return null;
  }
}

function recentEnough(text: string): string | null {
  const found = /\bversion (\d+)\.(\d+)/.exec(text);
  const [major, minor] = [Number(found?.[1]), Number(found?.[2])];
  if (major > oldest[0] || (major === oldest[0] && minor >= oldest[1])) return `${major}.${minor}`;
  return null;
}
