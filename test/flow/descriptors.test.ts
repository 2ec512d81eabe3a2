import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';

const run = promisify(execFile);
const dist = (file: string): string =>
  fileURLToPath(new URL(`../../dist/sync/${file}`, import.meta.url));

/** What a process says that has used up its file descriptors before it asks git for something. */
async function exhausted(code: string): Promise<string> {
  const script = `
    import { openSync } from 'node:fs';
    import { runGit } from ${JSON.stringify(dist('git-command.js'))};
    import { BatchReader } from ${JSON.stringify(dist('batch-reader.js'))};
    const signal = new AbortController().signal;
    try { for (;;) openSync('/dev/null'); } catch {}
    await (${code}).catch((error) => console.log(error.code));
    setTimeout(() => console.log('goes on'), 50);`;
  const limited = `ulimit -n 60 && exec "$0" --input-type=module -e "$1"`;
  const { stdout } = await run('sh', ['-c', limited, process.execPath, script]);
  return stdout;
}

it.each([
  ['a command', `runGit({ program: 'git', args: ['version'], env: {}, signal })`],
  [
    'a reader',
    `new BatchReader({ program: 'git', args: ['cat-file', '--batch'], env: {} }).read('a'.repeat(40), 1)`,
  ],
])('%s that cannot be given its pipes is an error, and not the end', async (_, code) => {
  expect(await exhausted(code)).toBe('EMFILE\ngoes on\n');
});
