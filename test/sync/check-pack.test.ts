import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { checkPack } from '../../src/sync/check-pack.ts';
import { createWorkRepository, git } from '../support/temp-repo.ts';

const limits = { objectBytes: 100_000, totalBytes: 1_000_000 };

describe('a received pack', () => {
  it('of git itself is sound, and torn or changed anywhere it is not', async () => {
    const pack = await realPack();

    expect(await checkPack(pack, limits)).toBe('sound');

    await fc.assert(
      fc.asyncProperty(fc.nat(pack.length - 1), fc.boolean(), async (at, cut) => {
        const other = cut ? pack.subarray(0, at) : Buffer.from(pack);
        if (!cut) other[at] = (other[at] ?? 0) ^ 1;
        expect(await checkPack(other, limits)).toBe('broken');
      }),
    );
  });

  it('may hold nothing', async () => {
    expect(await checkPack(packOf([]), limits)).toBe('sound');
  });

  it('must hold as many objects as it says', async () => {
    const one = entry(3, Buffer.from('hello'));

    expect(await checkPack(packOf([one, one]), limits)).toBe('sound');
    expect(await checkPack(packOf([one, one], 3), limits)).toBe('broken');
    expect(await checkPack(packOf([one, one], 1), { objectBytes: 10, totalBytes: 10 })).toBe(
      'broken',
    );
  });

  it('may not inflate an object to more than allowed, nor to more than it says', async () => {
    const bomb = Buffer.alloc(200_000);

    expect(await checkPack(packOf([entry(3, bomb)]), limits)).toBe('too-large');
    expect(await checkPack(packOf([entry(3, bomb, 10), entry(3, bomb, 10)]), limits)).toBe(
      'broken',
    );
  });

  it('may not inflate all objects together to more than allowed', async () => {
    const large = entry(3, Buffer.alloc(90_000));

    expect(await checkPack(packOf(Array.from({ length: 12 }, () => large)), limits)).toBe(
      'too-large',
    );
  });

  it('may not make a large object of a small one and a delta', async () => {
    // Sizes of base and result, then copies that would make it.
    const delta = Buffer.from([5, 0xff, 0xff, 0xff, 0x7f]);
    const byReference = Buffer.concat([
      head(7, delta.length),
      Buffer.alloc(20),
      deflateSync(delta),
    ]);
    const byOffset = Buffer.concat([head(6, delta.length), Buffer.from([1]), deflateSync(delta)]);
    const base = entry(3, Buffer.from('hello'));

    expect(await checkPack(packOf([base, byReference]), limits)).toBe('too-large');
    expect(await checkPack(packOf([base, byOffset]), limits)).toBe('too-large');
    expect(await checkPack(packOf([byReference]), limits)).toBe('too-large');
  });

  it('of nonsense is broken, not a crash', async () => {
    await fc.assert(
      fc.asyncProperty(fc.uint8Array({ maxLength: 200 }), fc.nat(1_000), async (bytes, count) => {
        const verdict = await checkPack(packOf([Buffer.from(bytes)], count), {
          objectBytes: 1_000,
          totalBytes: 1_000,
        });
        expect(['broken', 'too-large', 'sound']).toContain(verdict);
      }),
    );
  });
});

async function realPack(): Promise<Buffer> {
  const work = await createWorkRepository();
  const text = Array.from({ length: 300 }, (_, line) => `line ${line}\n`).join('');
  await work.commitFiles({ 'a/b/c': text, d: 'small' });
  await work.commitFiles({ 'a/b/c': `${text}one more\n` });
  const bare = await mkdtemp(join(tmpdir(), 'gridops-pack-'));
  await git(bare, 'clone', '-q', '--bare', `file://${work.directory}`, join(bare, 'x.git'));
  const folder = join(bare, 'x.git/objects/pack');
  const name = (await readdir(folder)).find((file) => file.endsWith('.pack')) ?? '';
  const pack = await readFile(join(folder, name));
  await work.dispose();
  await rm(bare, { recursive: true });
  return pack;
}

function packOf(entries: readonly Buffer[], count = entries.length): Buffer {
  const header = Buffer.alloc(12);
  header.write('PACK');
  header.writeUInt32BE(2, 4);
  header.writeUInt32BE(count, 8);
  const body = Buffer.concat([header, ...entries]);
  return Buffer.concat([body, createHash('sha1').update(body).digest()]);
}

function entry(type: number, content: Buffer, size = content.length): Buffer {
  return Buffer.concat([head(type, size), deflateSync(content)]);
}

/** Type and size: four bits in the first byte, then seven a byte. */
function head(type: number, size: number): Buffer {
  const bytes = [(type << 4) | (size & 15)];
  for (let left = Math.floor(size / 16); left > 0; left = Math.floor(left / 128)) {
    bytes[bytes.length - 1] = (bytes.at(-1) ?? 0) | 128;
    bytes.push(left & 127);
  }
  return Buffer.from(bytes);
}
