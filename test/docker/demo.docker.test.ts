import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { afterEach, expect, it } from 'vitest';
import { eventually } from '../support/world.ts';
import { docker, withoutDocker } from './docker-host.ts';

const PROGRAM = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));
const LABEL = 'label=io.kontena.grid.name=demo';

let demo: ChildProcess | null = null;

afterEach(() => {
  demo?.kill('SIGKILL');
});

/** What is left of a demo on this engine, whatever kind of thing it is. */
async function left(): Promise<string> {
  const lists = [
    ['ps', '-aq'],
    ['volume', 'ls', '-q'],
    ['network', 'ls', '-q'],
  ];
  const found = await Promise.all(
    lists.map(async (list) => await docker(...list, '--filter', LABEL)),
  );
  return found.join('');
}

it.skipIf(withoutDocker)(
  'the demo serves, and leaves nothing behind although its reader is gone before it is',
  async () => {
    expect(await left()).toBe('');
    const child = spawn(process.execPath, [PROGRAM, 'demo'], { stdio: ['ignore', 'pipe', 'pipe'] });
    demo = child;
    let said = '';
    child.stdout.on('data', (chunk: Buffer) => {
      said += chunk.toString();
    });

    await eventually(
      async () => await Promise.resolve(said.includes('success  3 instances') ? true : null),
      'a deploy in the demo',
      120_000,
    );
    const answer = await fetch('http://127.0.0.11:8080/');
    expect(await answer.text()).toContain('Hello from gridops');
    const directory = /(\/\S*gridops-demo-\w+)\/grid-repo/.exec(said)?.[1] ?? '';
    expect(existsSync(directory)).toBe(true);

    // As `npm run demo | tee log` does at Ctrl-C.
    child.stdout.destroy();
    child.stderr.destroy();
    child.kill('SIGINT');
    await once(child, 'exit');

    expect(await left()).toBe('');
    expect(existsSync(directory)).toBe(false);
  },
);
