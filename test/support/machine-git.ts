import { execFileSync } from 'node:child_process';

/** Whether this machine's own git can serve as an engine; the same bound as in sync. */
export function isMachineGitUsable(): boolean {
  try {
    const text = execFileSync('git', ['--version']).toString();
    const [major = 0, minor = 0] = (/(\d+)\.(\d+)/.exec(text)?.slice(1) ?? []).map(Number);
    return major > 2 || (major === 2 && minor >= 30);
  } catch {
    return false;
  }
}
