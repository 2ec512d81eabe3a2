import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createIdentity, recipientOf } from '../../src/secrets/age.ts';
import { aMasterWith, SECRETS_FILE, withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const seal = ['secret', 'seal', 'demo', 'db-password'];

describe('gridops secret seal', () => {
  it('seals what is piped in, without the line break at its end', async () => {
    await withRepository({}, async ({ run, opened, text }) => {
      const { code, out, err } = await run(seal, { stdin: 'two\nlines\n' });
      expect([code, out]).toEqual([EXIT.done, '']);
      expect(err).toContain(`db-password is sealed in ${SECRETS_FILE}\n`);
      expect(err).toContain(`git add ${SECRETS_FILE}`);
      expect(await opened()).toEqual({ 'db-password': 'two\nlines' });
      expect(await text()).not.toContain('lines');
    });
  });

  it('asks for it on a terminal', async () => {
    await withRepository({}, async ({ run, opened }) => {
      const { err } = await run(seal, { stdin: 'typed', isTyped: true });
      expect(err).toContain('value of db-password (it is not shown): ');
      expect(await opened()).toEqual({ 'db-password': 'typed' });
    });
  });

  it('seals every byte of a file, and says so where that may be a mistake', async () => {
    const key = '-----BEGIN-----\nabc\n-----END-----\n';
    await withRepository({ 'key.pem': key, word: 'word\n' }, async ({ run, opened }) => {
      expect((await run([...seal, '--file', 'key.pem'])).err).not.toContain('note:');
      expect(await opened()).toEqual({ 'db-password': key });
      const { err } = await run([...seal, '--file', 'word']);
      expect(err).toContain('note: the line break at the end of word is a part of the value');
      expect(await opened()).toEqual({ 'db-password': 'word\n' });
    });
  });

  it('replaces the value that is there, and leaves everything else as it is', async () => {
    await withRepository({}, async ({ run, opened, text, recipient, folder }) => {
      await run(seal, { stdin: 'old' });
      await run(['secret', 'seal', 'demo', 'other'], { stdin: 'kept' });
      const commented = (await text()).replace('  other', '  # asked for by Ann\n  other');
      await writeFile(join(folder, SECRETS_FILE), commented);
      const { err } = await run(seal, { stdin: 'new' });
      expect(err).toContain('in the place of its old value');
      expect(err).not.toContain('Use it in a stack file');
      expect(await opened()).toEqual({ 'db-password': 'new', other: 'kept' });
      const lines = (await text()).split('\n').filter((line) => !line.includes('db-password'));
      expect(lines).toEqual(commented.split('\n').filter((line) => !line.includes('db-password')));
      expect(lines[0]).toBe(`recipient: ${recipient}`);
    });
  });

  it('keeps what somebody writes into the file while the value is typed', async () => {
    await withRepository({}, async ({ run, opened, text, folder }) => {
      const onAsk = async () => {
        await run(['secret', 'seal', 'demo', 'other'], { stdin: 'kept' });
        await writeFile(join(folder, SECRETS_FILE), `# by hand\n${await text()}`);
      };
      await run(seal, { stdin: 'typed', isTyped: true, onAsk });
      expect(await opened()).toEqual({ other: 'kept', 'db-password': 'typed' });
      expect(await text()).toMatch(/^# by hand\n/);
    });
  });

  it('takes no value as an argument, and does not repeat it', async () => {
    await withRepository({}, async ({ run, text }) => {
      const before = await text();
      const { code, err } = await run([...seal, 'hunter2']);
      expect([code, err]).toEqual([EXIT.usage, expect.stringContaining('list of processes')]);
      expect(err).not.toContain('hunter2');
      expect(await text()).toBe(before);
    });
  });

  it.each([
    ['nothing', '', 'there is no value'],
    ['a NUL', 'a\0b', 'NUL'],
    ['no UTF-8', new Uint8Array([0xff, 0xfe]), 'base64'],
    ['too much', 'x'.repeat(65_537), 'at most 65536'],
  ])('refuses %s', async (_, stdin, message) => {
    await withRepository({}, async ({ run, text }) => {
      const before = await text();
      const { code, err } = await run(seal, { stdin });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(message)]);
      expect(await text()).toBe(before);
    });
  });

  it('refuses a file that is too long without reading all of it', async () => {
    await withRepository({ big: 'x'.repeat(70_000) }, async ({ run }) => {
      const { code, err } = await run([...seal, '-f', 'big']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('longer than 65536')]);
      expect((await run([...seal, '-f', 'none'])).err).toContain('cannot be read');
    });
  });

  it('refuses names that cannot be, and grids that are not there', async () => {
    await withRepository({}, async ({ run }) => {
      expect((await run(['secret', 'seal', 'demo', 'a b'])).err).toContain('name of a secret');
      const { code, err } = await run(['secret', 'seal', 'dmeo', 'a']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('"demo"')]);
    });
  });

  it('works from anywhere with the path of the working tree', async () => {
    await withRepository({}, async ({ run, opened, folder }) => {
      const args = [...seal, '-C', folder, '--json'];
      const { code, out } = await run(args, { cwd: '/', stdin: 'a' });
      expect([code, JSON.parse(out)]).toEqual([
        EXIT.done,
        {
          grid: 'demo',
          file: SECRETS_FILE,
          sealed: [{ name: 'db-password', replaced: false }],
          removed: [],
        },
      ]);
      expect(await opened()).toEqual({ 'db-password': 'a' });
    });
  });

  it('seals in the place of a value that somebody wrote in the clear, and says what follows', async () => {
    await withRepository({}, async ({ run, opened, folder, recipient }) => {
      const plain = `recipient: ${recipient}\nsecrets:\n  db-password: hunter2\n`;
      await writeFile(join(folder, SECRETS_FILE), plain);
      const { code, err } = await run(seal, { stdin: 'better' });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('in the history')]);
      expect(await opened()).toEqual({ 'db-password': 'better' });
    });
  });

  it('changes nothing where the file cannot be read', async () => {
    await withRepository({}, async ({ run, folder, recipient, text }) => {
      const broken = `recipient: ${recipient}\nsecrets: [\n`;
      await writeFile(join(folder, SECRETS_FILE), broken);
      const args = [...seal, '--recipient', recipient];
      const { code, err } = await run(args, { stdin: 'a' });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(`${SECRETS_FILE}:`)]);
      expect(await text()).toBe(broken);
    });
  });

  it('leaves nothing behind but the file', async () => {
    await withRepository({}, async ({ run, folder }) => {
      await run(seal, { stdin: 'a' });
      expect((await readdir(join(folder, 'grids/demo'))).toSorted()).toEqual([
        'grid.yml',
        'secrets.yml',
      ]);
    });
  });
});

describe('what a value is sealed for', () => {
  const fresh = async () => await recipientOf(await createIdentity());

  it('is asked of the master where the file does not say it, and written into it', async () => {
    const master = await fresh();
    await withRepository({ [SECRETS_FILE]: '' }, async ({ run, text }) => {
      const { code } = await run(seal, { stdin: 'a', fetch: aMasterWith(master) });
      expect(code).toBe(EXIT.done);
      expect(await text()).toMatch(
        new RegExp(`^recipient: ${master}\n\nsecrets:\n  db-password: g1`),
      );
    });
  });

  it('begins the file with what it is', async () => {
    const files = { 'grids/other/grid.yml': '' };
    await withRepository(files, async ({ run, folder, recipient }) => {
      const args = ['secret', 'seal', 'other', 'a', '--recipient', recipient];
      expect((await run(args, { stdin: 'a' })).code).toBe(EXIT.done);
      const text = await readFile(join(folder, 'grids/other/secrets.yml'), 'utf8');
      expect(text).toMatch(/^# The sealed values of this grid\.[^]*\n\nrecipient: age1/);
    });
  });

  it('has to come from somewhere', async () => {
    await withRepository({ [SECRETS_FILE]: '' }, async ({ run, text }) => {
      const { code, err } = await run(seal, { stdin: 'a' });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('--recipient age1…')]);
      expect(err).toContain('cannot reach the master');
      expect(await text()).toBe('');
    });
  });

  it('is warned of where the master has another key', async () => {
    const master = await fresh();
    await withRepository({}, async ({ run, opened, recipient }) => {
      const { code, err } = await run(seal, { stdin: 'a', fetch: aMasterWith(master) });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining(`--recipient ${master}`)]);
      expect(await opened()).toEqual({ 'db-password': 'a' });
      const same = await run(seal, { stdin: 'a', fetch: aMasterWith(recipient) });
      expect(same.err).not.toContain('warning');
    });
  });

  it('can be changed, which is warned of, too', async () => {
    const other = await fresh();
    await withRepository({}, async ({ run, opened, text }) => {
      const { err } = await run([...seal, '--recipient', other], { stdin: 'a' });
      expect(err).toContain('sealed before is still for the old one');
      expect(await text()).toContain(`recipient: ${other}\n`);
      expect(await opened()).toEqual({ 'db-password': expect.stringContaining('another key') });
    });
  });

  it.each(['age1nothing', 'ssh-ed25519 AAAA', ''])('is no "%s"', async (recipient) => {
    await withRepository({}, async ({ run }) => {
      const { code, err } = await run([...seal, '--recipient', recipient], { stdin: 'a' });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('no age recipient')]);
    });
  });
});
