import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const load = ['secret', 'import', 'demo', '-'];

describe('gridops secret import', () => {
  it('seals all values of a list as they are written', async () => {
    const list = 'A: 1.10\nB: |\n  two\n  lines\nC: "yes"\n';
    await withRepository({ 'vault.yml': list }, async ({ run, opened, text }) => {
      const { code, err } = await run(['secret', 'import', 'demo', 'vault.yml']);
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining('B is sealed in')]);
      expect(await opened()).toEqual({ A: '1.10', B: 'two\nlines\n', C: 'yes' });
      expect(await text()).not.toContain('lines');
    });
  });

  it('reads JSON from stdin, too', async () => {
    await withRepository({}, async ({ run, opened }) => {
      const { out } = await run([...load, '--json'], { stdin: '{"A": "a\\u00e9\\n", "B": "b"}' });
      expect(JSON.parse(out)).toMatchObject({
        sealed: [
          { name: 'A', replaced: false },
          { name: 'B', replaced: false },
        ],
      });
      expect(await opened()).toEqual({ A: 'aé\n', B: 'b' });
    });
  });

  it('gives every value back as it was', async () => {
    const values = fc.dictionary(
      fc.stringMatching(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,20}$/),
      // What decoders put where the bytes are no text is in no YAML that is read.
      fc.string({ unit: 'grapheme', minLength: 1 }).filter((text) => !/[\p{Cc}\uFFFD]/u.test(text)),
      { minKeys: 1, maxKeys: 5, noNullPrototype: true },
    );
    await fc.assert(
      fc.asyncProperty(values, async (list) => {
        await withRepository({}, async ({ run, opened }) => {
          expect((await run(load, { stdin: JSON.stringify(list) })).code).toBe(EXIT.done);
          expect(await opened()).toEqual(list);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('removes what has no value, as Kontena did', async () => {
    await withRepository({}, async ({ run, opened }) => {
      await run(load, { stdin: 'A: a\nB: b\nC: c\n' });
      const { err } = await run(load, { stdin: 'A:\nB: ~\nD: null\n' });
      expect(err).toContain('A is removed from');
      expect(err).not.toContain('D is');
      expect(await opened()).toEqual({ C: 'c' });
    });
  });

  it('leaves it alone with --skip-null, and takes empty texts for none with --empty-is-null', async () => {
    await withRepository({}, async ({ run, opened }) => {
      await run(load, { stdin: 'A: a\nB: b\n' });
      await run([...load, '--skip-null'], { stdin: 'A:\n' });
      expect(Object.keys(await opened())).toEqual(['A', 'B']);
      await run([...load, '--empty-is-null'], { stdin: 'A: ""\n' });
      expect(Object.keys(await opened())).toEqual(['B']);
      const both = [...load, '--empty-is-null', '--skip-null'];
      expect((await run(both, { stdin: 'B: ""\n' })).err).toContain('nothing to do');
      expect(Object.keys(await opened())).toEqual(['B']);
    });
  });

  it.each([
    ['a value that is empty', 'A: new\nB: ""\n', '--empty-is-null'],
    ['a value that is a list', 'A: new\nB: [hunter2]\n', '-:2:4'],
    ['a name that cannot be', 'A: new\n"b c": hunter2\n', '-:2:1'],
    ['no list', '- hunter2\n', 'no map'],
    ['no YAML', 'A: [hunter2\n', 'yaml-syntax'],
    ['a value that is too long', `A: new\nB: ${'x'.repeat(70_000)}\n`, 'at most'],
  ])('seals nothing at all where there is %s', async (_, stdin, message) => {
    await withRepository({}, async ({ run, opened }) => {
      await run(load, { stdin: 'A: old\n' });
      const { code, err } = await run(load, { stdin });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(message)]);
      expect(err).not.toContain('hunter2');
      expect(await opened()).toEqual({ A: 'old' });
    });
  });

  it('does not have a list of secrets typed where everybody sees it', async () => {
    await withRepository({}, async ({ run }) => {
      const { code, err } = await run(load, { isTyped: true, stdin: 'A: a\n' });
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('this is a terminal')]);
    });
  });

  it('does not remove what is used, unless it is forced', async () => {
    const files = {
      'grids/demo/stacks/shop/kontena.yml': 'services: {web: {image: web, secrets: [A]}}\n',
    };
    await withRepository(files, async ({ run, opened }) => {
      await run(load, { stdin: 'A: a\n' });
      const refused = await run(load, { stdin: 'A:\nB: b\n' });
      expect([refused.code, refused.err]).toEqual([
        EXIT.failed,
        expect.stringContaining('shop/web'),
      ]);
      expect(await opened()).toEqual({ A: 'a' });
      expect((await run([...load, '--force'], { stdin: 'A:\nB: b\n' })).code).toBe(EXIT.done);
      expect(await opened()).toEqual({ B: 'b' });
    });
  });
});
