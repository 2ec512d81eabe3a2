import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { textLines } from '../../src/agent/docker-log.ts';
import { SecretStore } from '../../src/agent/secret-store.ts';
import { withSecrets } from '../../src/agent/secretive.ts';
import { GridError } from '../../src/model/error.ts';
import { printMark } from '../../src/model/secret.ts';
import { packValues } from '../../src/secrets/parcel.ts';
import { aHook, anAssignedInstance, aService, aSpec } from '../support/builders.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { HandClock } from './hand-clock.ts';

const mark = (name: string) => printMark({ kind: 'secret', name, id: 'a' });
const scope = { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' };
let folder = '';
let store: SecretStore;

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gridops-secrets-'));
  store = await SecretStore.open(folder);
});

afterEach(async () => {
  await rm(folder, { recursive: true });
});

async function take(values: Readonly<Record<string, string>>): Promise<void> {
  const marked = Object.entries(values).map(([name, value]) => [mark(name), value] as const);
  await store.take(await packValues(store.recipient, new Map(marked)));
}

describe('the secrets of a node', () => {
  it('are put into texts, and survive the agent in a file that only it can read', async () => {
    await take({ pass: 'hush' });
    const filled = store.reveal({ a: [`x${mark('pass')}`] });
    expect(filled).toEqual({ a: ['xhush'] });
    expect((await stat(path.join(folder, 'secrets.json'))).mode & 0o777).toBe(0o600);
    const next = await SecretStore.open(folder);
    expect(next.reveal(mark('pass'))).toBe('hush');
    expect(next.recipient).not.toBe(store.recipient);
  });

  it('are refused when they were sealed for somebody else', async () => {
    const other = await SecretStore.open(folder);
    const parcel = await packValues(other.recipient, new Map([[mark('pass'), 'hush']]));
    await expect(store.take(parcel)).rejects.toMatchObject({ code: 'protocol-violation' });
  });

  it('are missed by what needs them, and by nothing else', async () => {
    const sources = { [mark('pass')]: 'sealed' };
    store.expect(sources);
    expect(store.lacks(sources)).toBe(true);
    expect(() => store.reveal(mark('pass'))).toThrow('⟦pass⟧');
    expect(store.reveal(mark('other'))).toBe(mark('other'));
    await take({ pass: 'hush' });
    expect(store.lacks(sources)).toBe(false);
  });

  it('are kept for older containers until nobody needs them', async () => {
    await take({ old: 'before' });
    store.expect({ [mark('new')]: null });
    await take({ new: 'after' });
    expect(store.reveal(mark('old'))).toBe('before');
    await store.forget();
    expect(store.reveal(mark('old'))).toBe(mark('old'));
    expect(store.reveal(mark('new'))).toBe('after');
    expect(await readFile(path.join(folder, 'secrets.json'), 'utf8')).not.toContain('before');
  });

  it('that have come are not forgotten before their assignment is applied', async () => {
    store.expect({ [mark('old')]: null });
    await take({ new: 'after' });
    await store.forget();
    expect(store.reveal(mark('new'))).toBe('after');
  });

  it('that come while others are forgotten are not lost', async () => {
    await take({ old: 'before' });
    store.expect({});
    await Promise.all([take({ new: 'after' }), store.forget(), take({ more: 'again' })]);
    const next = await SecretStore.open(folder);
    for (const one of [store, next])
      expect([mark('new'), mark('more')].map((each) => one.reveal(each))).toEqual([
        'after',
        'again',
      ]);
  });

  it('count as lost when the file is damaged', async () => {
    await writeFile(path.join(folder, 'secrets.json'), '{"half": ');
    expect((await SecretStore.open(folder)).lacks({ [mark('pass')]: null })).toBe(true);
  });

  it('are hidden in what is told, also line by line, but not where they are no more than a letter', async () => {
    await take({ pass: 'correct-horse', key: 'BEGIN-OF-A-KEY\nEND-OF-A-LONG-KEY', short: 'abc' });
    expect(store.conceal('login correct-horse abc')).toBe('login [hidden] abc');
    expect(store.conceal('END-OF-A-LONG-KEY')).toBe('[hidden]');
  });
});

describe('a secret in a text', () => {
  it('is hidden whole, also when another one begins like it', async () => {
    await take({ short: 'battery', long: 'battery-staple' });
    expect(store.conceal('battery battery-staple')).toBe('[hidden] [hidden]');
  });

  it('is hidden without the line break that its file ended with', async () => {
    await take({ pass: 'hunter2pw\n', pin: ' 4711\r\n' });
    expect(store.conceal('login hunter2pw, pin 4711')).toBe('login [hidden], pin [hidden]');
  });

  it('is hidden where the line was cut in the middle of it', async () => {
    const value = `aaaaaaaa${'x'.repeat(2_000)}`;
    await take({ token: value });
    const [line = ''] = textLines(Buffer.from(`aaaaaaa token=${value}`), 1);
    expect(line).toHaveLength(1_001);
    expect(store.conceal(line)).toBe('aaaaaaa token=[hidden]…');
    expect(store.conceal('aaaaaaaa and more…')).toBe('aaaaaaaa and more…');
  });
});

describe('containers with secrets', () => {
  const engine = () =>
    new FakeEngine({
      clock: new HandClock(),
      images: { 'web:1': { log: ['pass is correct-horse'] } },
    });

  it('are made with their values, while hooks stay as they are', async () => {
    const fake = engine();
    await take({ pass: 'correct-horse' });
    const hooks = [aHook('post-start', 'warm', { command: ['run', mark('pass')] })];
    const spec = aSpec({ image: 'web:1', env: { P: mark('pass') }, hooks });
    await fake.pull('web:1', { onProgress: () => undefined, signal: new AbortController().signal });

    await withSecrets(fake, store).create(scope, anAssignedInstance(aService({ spec })), 'web');

    expect(fake.get('web').instance.spec.env).toEqual({ P: 'correct-horse' });
    expect(fake.get('web').instance.spec.hooks).toEqual(hooks);
    expect(spec.env).toEqual({ P: mark('pass') });
  });

  it('do not give their values away in their logs or in refusals', async () => {
    const fake = engine();
    await take({ pass: 'correct-horse' });
    const contained = withSecrets(
      {
        ...withSecrets(fake, store),
        logs: () => Promise.resolve(['pass is correct-horse']),
        create: () =>
          Promise.reject(new GridError({ code: 'engine-refused', message: 'bad correct-horse' })),
        exec: () => Promise.resolve({ exitCode: 1, log: ['no correct-horse'] }),
      },
      store,
    );
    expect(await contained.logs('x')).toEqual(['pass is [hidden]']);
    await expect(contained.create(scope, anAssignedInstance(aService()), 'web')).rejects.toThrow(
      'bad [hidden]',
    );
    const signal = new AbortController().signal;
    expect(await contained.exec('x', 1, signal)).toEqual({
      exitCode: 1,
      log: ['no [hidden]'],
    });
  });

  it('are not made with a variable that the kernel refuses', async () => {
    await take({ a: 'x'.repeat(65_536), b: 'x'.repeat(65_536) });
    const spec = aSpec({ env: { LARGE: mark('a') + mark('b') } });
    await expect(
      withSecrets(engine(), store).create(scope, anAssignedInstance(aService({ spec })), 'web'),
    ).rejects.toThrow('LARGE has 131078 bytes');
  });
});
