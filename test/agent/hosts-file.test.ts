import { execFile } from 'node:child_process';
import {
  chmod,
  lstat,
  mkdtemp,
  readdir,
  readFile,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type HostsEntry, putHosts, withHosts } from '../../src/agent/hosts-file.ts';

const run = promisify(execFile);
const registry: HostsEntry = { address: '127.83.1.2', name: 'registry.demo.kontena.local' };
const usual = '127.0.0.1\tlocalhost\n10.0.0.7 db # by hand\n';
const begin = '# gridops node-1: begin (kept by its agent; changes are undone)';

describe('the block in a hosts file', () => {
  it('is added at the end, changed where it is, and removed without a trace', () => {
    const added = withHosts(usual, 'node-1', [registry]);
    expect(added).toBe(
      `${usual}${begin}\n127.83.1.2\tregistry.demo.kontena.local\n# gridops node-1: end\n`,
    );
    const before = `${added}::1 later\n`;
    const changed = withHosts(before, 'node-1', [{ ...registry, address: '127.83.1.3' }]);
    expect(changed).toBe(before.replace('1.2', '1.3'));
    expect(withHosts(changed, 'node-1', [])).toBe(`${usual}::1 later\n`);
  });

  it('leaves every other line alone, and nothing to do a second time', () => {
    const line = fc.oneof(fc.constantFrom(begin, '# gridops node-1: end', ''), fc.string());
    const text = fc.array(line.map((one) => one.replace(/[\r\n]/g, ' ')));
    const entries = fc.array(
      fc.record({
        address: fc.ipV4(),
        name: fc.domain().map((name) => `${name}.demo.kontena.local`),
      }),
      { maxLength: 3 },
    );
    fc.assert(
      fc.property(text, entries, (lines, wanted) => {
        const once = withHosts(lines.join('\n'), 'node-1', wanted);
        expect(withHosts(once, 'node-1', wanted)).toBe(once);
        const isOurs = (one: string) => one.startsWith('# gridops node-1:') || one === '';
        const others = (all: readonly string[]) => all.filter((one) => !isOurs(one));
        const gone = withHosts(once, 'node-1', []).split('\n');
        expect(others(gone)).toEqual(others(lines));
      }),
    );
  });

  it('is one for each agent', () => {
    const both = withHosts(withHosts(usual, 'a', [registry]), 'b', [registry]);
    expect(withHosts(both, 'a', [])).toBe(withHosts(usual, 'b', [registry]));
  });

  it('is mended where somebody took its end away, or made two of it', () => {
    const whole = withHosts(usual, 'node-1', [registry]);
    const broken = whole.replace('# gridops node-1: end\n', '10.0.0.9\tkept\n');
    expect(withHosts(broken, 'node-1', [registry])).toBe(`${whole}10.0.0.9\tkept\n`);
    const twice = `${whole}${whole.slice(usual.length)}`;
    expect(withHosts(twice, 'node-1', [registry])).toBe(whole);
  });

  it('begins on a line of its own', () => {
    expect(withHosts('::1 a', 'node-1', [registry])).toContain('::1 a\n# gridops');
    expect(withHosts('', 'node-1', [registry])).toMatch(/^# gridops/);
    expect(withHosts('::1 a', 'node-1', [])).toBe('::1 a');
  });

  it('has no owner that could break out of it', () => {
    expect(withHosts('', 'a\n6.6.6.6 bank', [registry]).split('\n')).toHaveLength(4);
  });
});

describe('a hosts file', () => {
  let folder: string;
  let file: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'gridops-hosts-'));
    file = path.join(folder, 'hosts');
    await writeFile(file, usual);
  });
  afterEach(async () => {
    await rm(folder, { recursive: true, force: true });
  });

  it('is replaced as a whole, with its mode, and nothing is left beside it', async () => {
    await chmod(file, 0o664);
    await putHosts(file, 'node-1', [registry]);
    expect(await readFile(file, 'utf8')).toBe(withHosts(usual, 'node-1', [registry]));
    expect((await stat(file)).mode & 0o777).toBe(0o664);
    expect(await readdir(folder)).toEqual(['hosts']);
  });

  it('is not written when nothing changes', async () => {
    await putHosts(file, 'node-1', [registry]);
    const { ino } = await stat(file);
    await putHosts(file, 'node-1', [registry]);
    expect((await stat(file)).ino).toBe(ino);
  });

  it('stays a link where it is one', async () => {
    const link = path.join(folder, 'link');
    await symlink('hosts', link);
    await putHosts(link, 'node-1', [registry]);
    expect((await lstat(link)).isSymbolicLink()).toBe(true);
    expect(await readFile(file, 'utf8')).toContain(registry.name);
  });

  it.skipIf(process.getuid?.() !== 0)(
    'is written in its place where it is mounted by itself',
    async () => {
      const mounted = path.join(folder, 'mounted');
      await writeFile(mounted, '');
      await run('mount', ['--bind', file, mounted]);
      try {
        await putHosts(mounted, 'node-1', [registry]);
        expect(await readFile(file, 'utf8')).toBe(withHosts(usual, 'node-1', [registry]));
        await putHosts(mounted, 'node-1', []);
        expect(await readFile(file, 'utf8')).toBe(usual);
      } finally {
        await run('umount', [mounted]);
      }
      expect((await readdir(folder)).toSorted()).toEqual(['hosts', 'mounted']);
    },
  );

  it('that is not there is not made', async () => {
    await expect(putHosts(path.join(folder, 'none'), 'a', [registry])).rejects.toThrow('ENOENT');
  });
});
