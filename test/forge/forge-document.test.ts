import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { copyFile, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { documentPath } from './document.ts';

const SCRIPT = fileURLToPath(new URL('../../scripts/forge-document.mjs', import.meta.url));

let folder: string;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'gridops-document-'));
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

interface Finished {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

async function run(
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<Finished> {
  const child = spawn(process.execPath, [SCRIPT, ...args], { env: { ...process.env, ...env } });
  const closed = once(child, 'close');
  const [stdout, stderr] = await Promise.all([text(child.stdout), text(child.stderr)]);
  await closed;
  return { code: child.exitCode, stdout, stderr };
}

it('the document that the fake reads is the one that the script makes', async () => {
  const { code, stdout } = await run(['--check']);
  expect(stdout).toContain(basename(documentPath()));
  expect(code).toBe(0);
});

it('a document is complete only with every byte of it', async () => {
  const file = join(folder, basename(documentPath()));
  expect(await run(['--check', '--into', folder])).toMatchObject({ code: 1, stdout: '' });
  await copyFile(documentPath(), file);
  expect((await run(['--check', '--into', folder])).code).toBe(0);
  const whole = await readFile(file, 'utf8');
  await writeFile(file, whole.replace('create-commit-status', 'create-commit-statos'));
  expect((await run(['--check', '--into', folder])).code).toBe(1);
  await writeFile(file, whole.slice(0, whole.length / 2));
  const { code, stderr } = await run(['--check', '--into', folder]);
  expect(code).toBe(1);
  expect(stderr).toMatch(/is missing or incomplete/);
});

it('a registry that cannot be reached is said so, and nothing is left behind', async () => {
  const { code, stderr } = await run(['--into', folder], {
    npm_config_registry: 'http://127.0.0.1:9/',
    npm_config_cache: join(folder, 'npm'),
    npm_config_fetch_retries: '0',
  });
  expect(code).toBe(1);
  expect(stderr).toMatch(/cannot get @octokit\/openapi@[\d.]+ from the npm registry/);
  expect(await readdir(folder)).not.toContain(basename(documentPath()));
});
