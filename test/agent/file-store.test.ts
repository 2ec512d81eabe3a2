import {
  chmod,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { FileStore } from '../../src/agent/file-store.ts';
import type { Delivery } from '../../src/model/delivery.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { aDelivery, aFilesMount, delivering } from '../support/a-delivery.ts';
import { aSpec } from '../support/builders.ts';

let folder = '';
let store = new FileStore('');

beforeEach(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'gridops-files-'));
  store = new FileStore(folder);
});

afterEach(async () => {
  await rm(folder, { recursive: true, force: true });
});

/** Offers it and places its only bundle; answers with where that is. */
async function place(delivery: Delivery, on = store): Promise<string> {
  on.offer(delivery, []);
  const spec = aSpec({ mounts: [aFilesMount(delivery)] });
  const { mounts } = await on.place(spec);
  const [mount] = mounts;
  if (mount?.kind !== 'bind') throw new Error('no bind');
  return mount.source;
}

const html = aDelivery({ 'index.html': 'hello', 'img/logo.png': Buffer.of(0x89, 0, 0xff) });

describe('files that are put in place', () => {
  it('are a folder, with the bytes that were delivered', async () => {
    const at = await place(html);

    expect(await readFile(path.join(at, 'index.html'), 'utf8')).toBe('hello');
    expect(await readFile(path.join(at, 'img/logo.png'))).toEqual(Buffer.of(0x89, 0, 0xff));
    expect((await lstat(path.join(at, 'img'))).mode & 0o777).toBe(0o755);
  });

  it('are a single file, with its mode, whatever the umask', async () => {
    const before = process.umask(0o077);
    try {
      const at = await place(aDelivery({ '': 'hush' }, { mode: 0o440 }));

      expect(await readFile(at, 'utf8')).toBe('hush');
      expect((await lstat(at)).mode & 0o7777).toBe(0o440);
    } finally {
      process.umask(before);
    }
  });

  it.skipIf(process.getuid?.() !== 0)('belong to whom they should (needs root)', async () => {
    const at = await place(aDelivery({ '': 'hush' }, { uid: 1234, gid: 77 }));

    expect(await lstat(at)).toMatchObject({ uid: 1234, gid: 77 });
  });

  it('are secrets, by their values, and swept when nobody has them any more', async () => {
    const filling = new FileStore(folder, (text) => text.replace('MARK', 'hush'));
    const mount = {
      kind: 'secret',
      target: '/s',
      text: 'a MARK',
      mode: 0o440,
      uid: null,
      gid: null,
    } as const;
    filling.offer(aDelivery({}), [mount]);
    const { mounts } = await filling.place(aSpec({ mounts: [mount] }));
    const [bind] = mounts;
    if (bind?.kind !== 'bind') throw new Error('no bind');

    expect(bind).toMatchObject({ target: '/s', readOnly: true, mustExist: true });
    expect(await readFile(bind.source, 'utf8')).toBe('a hush');
    expect((await lstat(bind.source)).mode & 0o7777).toBe(0o440);
    await filling.sweep([]);
    expect(await readdir(folder)).toHaveLength(1);
    // Others on the node have changed while a container is being made that mounts it.
    filling.offer(aDelivery({}), [mount]);
    await filling.sweep([]);
    expect(await readdir(folder)).toHaveLength(1);
    filling.offer(aDelivery({}), []);
    await filling.sweep([bind.source]);
    expect(await readdir(folder)).toHaveLength(1);
    await filling.sweep([]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('are mounted read-only, and never made up by the engine', async () => {
    store.offer(html, []);
    const own = { kind: 'anonymous', target: '/own' } as const;
    const spec = aSpec({ mounts: [aFilesMount(html, { selinux: 'z' }), own] });

    const placed = await store.place(spec);

    expect(placed).toEqual({
      ...spec,
      mounts: [
        {
          kind: 'bind',
          source: expect.stringMatching(/\/[0-9a-f]{64}$/),
          target: '/files',
          readOnly: true,
          mustExist: true,
          selinux: 'z',
        },
        own,
      ],
    });
  });

  it('stay where they are while they are the same', async () => {
    const at = await place(html);
    const before = await lstat(at);

    expect(await place(html, new FileStore(folder))).toBe(at);
    expect((await lstat(at)).ino).toBe(before.ino);
  });

  it.each<[string, (at: string) => Promise<void>]>([
    ['is changed', async (at) => await overwrite(path.join(at, 'index.html'), 'other')],
    ['is missing', async (at) => await rm(path.join(at, 'index.html'))],
    ['is too much', async (at) => await writeFile(path.join(at, 'more'), '')],
    ['may be read by nobody', async (at) => await chmod(path.join(at, 'index.html'), 0)],
  ])('are made anew when something in them %s', async (_, damage) => {
    const at = await place(html);
    await damage(at);

    expect(await place(html)).toBe(at);

    expect(await readFile(path.join(at, 'index.html'), 'utf8')).toBe('hello');
    expect((await readdir(at)).toSorted()).toEqual(['img', 'index.html']);
    expect((await lstat(path.join(at, 'index.html'))).mode & 0o777).toBe(0o444);
  });

  it.each<[string, (at: string) => Promise<void>]>([
    ['a file is changed', async (at) => await overwrite(path.join(at, 'index.html'), 'other')],
    ['a folder is missing', async (at) => await rm(path.join(at, 'img'), { recursive: true })],
    ['a file is a folder', async (at) => await swap(path.join(at, 'index.html'), mkdir)],
    ['a folder is a file', async (at) => await swap(path.join(at, 'img'), writeEmpty)],
    ['a folder is a link', async (at) => await swap(path.join(at, 'img'), linkAway)],
    ['a folder is too much', async (at) => await swap(path.join(at, 'a'), fullFolder)],
  ])(
    'are repaired where they are when %s: containers see what they have mounted',
    async (_, damage) => {
      const at = await place(html);
      const before = await lstat(at);
      await damage(at);

      await place(html);

      expect((await lstat(at)).ino).toBe(before.ino);
      expect((await readdir(at, { recursive: true })).toSorted()).toEqual([
        'img',
        'img/logo.png',
        'index.html',
      ]);
      expect(await readFile(path.join(at, 'index.html'), 'utf8')).toBe('hello');
      expect((await lstat(path.join(at, 'img'))).isDirectory()).toBe(true);
      expect(await readdir(folder)).toEqual([path.basename(at)]);
    },
  );

  it('are repaired when something else stands in the place of all of them', async () => {
    const single = aDelivery({ '': 'hush' });
    const at = await place(html);
    await swap(at, writeEmpty);
    await place(html);
    expect(await readFile(path.join(at, 'index.html'), 'utf8')).toBe('hello');

    const file = await place(single);
    await swap(file, mkdir);
    await place(single);
    expect(await readFile(file, 'utf8')).toBe('hush');
  });

  it('are whole after a crash at any moment before they had their name', async () => {
    const [name = ''] = Object.keys(html.bundles);
    await mkdir(path.join(folder, `${name}.new`));
    await writeFile(path.join(folder, `${name}.new`, 'half'), 'ha');
    await mkdir(path.join(folder, `${name}.old`));

    const at = await place(html);

    expect((await readdir(at)).toSorted()).toEqual(['img', 'index.html']);
    expect(await readdir(folder)).toEqual([name]);
  });
});

describe('files that are not what they say', () => {
  const [name = ''] = Object.keys(html.bundles);
  const [content = ''] = Object.keys(html.contents);

  it.each<[string, Delivery]>([
    ['a content is another', { ...html, contents: { ...html.contents, [content]: 'AAAA' } }],
    ['a content is missing', { ...html, contents: {} }],
    ['the bundle is missing', { ...html, bundles: {} }],
    ['the bundle is another', { ...html, bundles: { [name]: { files: [], uid: 1, gid: null } } }],
  ])('are refused when %s, and leave nothing', async (_, delivery) => {
    store.offer(delivery, []);
    const spec = aSpec({ mounts: [aFilesMount(html)] });

    await expect(store.place(spec)).rejects.toMatchObject({ code: 'protocol-violation' });

    expect(await whatIsLeft()).toEqual([]);
  });

  it.each(['../out', 'a/../../out', '/out', 'a//b', './a', 'a\0b'])(
    'are refused when a path is %j',
    async (written) => {
      const delivery = aDelivery({ [written]: 'x', 'good/file': 'y' });

      await expect(place(delivery)).rejects.toMatchObject({ code: 'protocol-violation' });

      expect(await readdir(path.dirname(folder))).not.toContain('out');
    },
  );

  it('cannot be taken from an object’s prototype', async () => {
    store.offer(html, []);
    const spec: ContainerSpec = aSpec({
      mounts: [{ kind: 'files', target: '/x', digest: 'constructor' }],
    });

    await expect(store.place(spec)).rejects.toMatchObject({ code: 'protocol-violation' });
  });
});

describe('files that nobody needs', () => {
  const other = aDelivery({ '': 'other' });

  it('are removed once neither the assignment nor a container has them', async () => {
    const [first, second] = [await place(html), await place(other)];

    await store.sweep([first, '/var/lib/docker/volumes/x/_data']);
    expect(await readdir(folder)).toHaveLength(2);

    await store.sweep([]);
    expect(await readdir(folder)).toEqual([path.basename(second)]);
  });

  it('stay while the assignment has them, mounted or not', async () => {
    await place(html);
    store.offer(delivering(html, other), []);

    await store.sweep([]);

    expect(await readdir(folder)).toHaveLength(1);
  });

  it('stay as long as there is no assignment', async () => {
    await place(html);

    await new FileStore(folder).sweep([]);

    expect(await readdir(folder)).toHaveLength(1);
  });

  it('are also what a crash left', async () => {
    const at = await place(html);
    await mkdir(`${at}.new`);
    await mkdir(`${at}.old`);

    await store.sweep([at]);

    expect(await readdir(folder)).toEqual([path.basename(at)]);
  });

  it('may be none at all', async () => {
    await rm(folder, { recursive: true });
    store.offer(html, []);

    await expect(store.sweep([])).resolves.toBeUndefined();
  });
});

async function swap(at: string, by: (at: string) => Promise<unknown>): Promise<void> {
  await rm(at, { recursive: true, force: true });
  await by(at);
}

async function writeEmpty(at: string): Promise<void> {
  await writeFile(at, '');
}

async function fullFolder(at: string): Promise<void> {
  await mkdir(at);
  await writeFile(path.join(at, 'more'), '');
}

async function linkAway(at: string): Promise<void> {
  await symlink('/proc/self', at);
}

async function overwrite(file: string, text: string): Promise<void> {
  await rm(file);
  await writeFile(file, text, { mode: 0o444 });
}

/** A bundle that was begun does not have its name. */
async function whatIsLeft(): Promise<readonly string[]> {
  return (await readdir(folder)).filter((name) => !name.endsWith('.new'));
}
