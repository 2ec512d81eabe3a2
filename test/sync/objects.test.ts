import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCommit, parseTree } from '../../src/sync/objects.ts';

const oid = 'ab'.repeat(20);

describe('a commit', () => {
  it('may be signed, merged, and written by anybody', () => {
    const text = [
      `tree ${oid}`,
      `parent ${'1'.repeat(40)}`,
      `parent ${'2'.repeat(40)}`,
      'author Zoë <Nobody> Q <zoe@example.com> 1700000000 +0130',
      'committer GitHub <noreply@github.com> 1700000100 -0800',
      'gpgsig -----BEGIN SSH SIGNATURE-----',
      ' tree 0000',
      ' parent 3333',
      ' -----END SSH SIGNATURE-----',
      '',
      'subject',
      '',
      'parent not a parent',
    ].join('\n');

    expect(parseCommit('sha', Buffer.from(text))).toEqual({
      sha: 'sha',
      tree: oid,
      parents: ['1'.repeat(40), '2'.repeat(40)],
      author: 'Zoë',
      message: 'subject\n\nparent not a parent',
      at: 1_700_000_100_000,
    });
  });

  it('of nonsense is none, or empty', () => {
    expect(parseCommit('sha', Buffer.from('nonsense'))).toBeNull();
    expect(parseCommit('sha', Buffer.from(`tree ${oid}\n`))).toMatchObject({
      parents: [],
      author: '',
      message: '',
      at: 0,
    });
  });

  it('has a bounded message', () => {
    const text = `tree ${oid}\n\n${'x'.repeat(100_000)}`;

    expect(parseCommit('sha', Buffer.from(text))?.message.length).toBeLessThan(5_000);
  });
});

describe('a tree', () => {
  const modes = {
    '40000': 'tree',
    '100644': 'file',
    '100755': 'file',
    '100664': 'file',
    '120000': 'symlink',
    '160000': 'submodule',
    '7': 'unknown',
  } as const;

  it('is its entries, by kind', () => {
    const name = fc
      .string({ minLength: 1 })
      .filter((text) => !/[/\\\p{Cc}]|^\.+$|^\.git$/iu.test(text));
    const entries = fc.array(
      fc.record({
        name,
        mode: fc.constantFrom(...Object.keys(modes)) as fc.Arbitrary<keyof typeof modes>,
      }),
    );
    fc.assert(
      fc.property(entries, fc.constantFrom(20, 32), (list, bytes) => {
        const id = 'cd'.repeat(bytes);
        const content = Buffer.concat(
          list.map((entry) =>
            Buffer.concat([Buffer.from(`${entry.mode} ${entry.name}\0`), Buffer.from(id, 'hex')]),
          ),
        );

        expect(parseTree(content, bytes)).toEqual(
          list.map((entry) => ({
            kind: modes[entry.mode],
            name: entry.name,
            oid: id,
            ...(entry.mode === '100755' ? { executable: true } : {}),
          })),
        );
      }),
    );
  });

  it.each(['..', '.', '.git', '.GiT', 'a/b', '../x', 'a\\b', 'a\nb', '\u001b[31m'])(
    'does not believe the name %j',
    (name) => {
      const content = Buffer.concat([Buffer.from(`100644 ${name}\0`), Buffer.from(oid, 'hex')]);

      expect(parseTree(content, 20)).toMatchObject([{ kind: 'unknown' }]);
    },
  );

  it('of nonsense is what can be read of it', () => {
    fc.assert(
      fc.property(fc.uint8Array(), (bytes) => {
        expect(parseTree(bytes, 20).length).toBeLessThanOrEqual(bytes.length / 20);
      }),
    );
  });
});
