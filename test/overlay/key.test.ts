import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openKey } from '../../src/overlay/key.ts';

let directory = '';

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'gridops-key-'));
});

afterEach(async () => {
  await rm(directory, { recursive: true, force: true });
});

describe('the key of a node', () => {
  it('is made once, for this user alone', async () => {
    const first = await openKey(directory);
    const again = await openKey(directory);

    expect(again).toEqual(first);
    expect(first.publicKey).toMatch(/^[A-Za-z0-9+/]{43}=$/);
    expect((await stat(first.file)).mode & 0o777).toBe(0o600);
    expect((await readFile(first.file, 'utf8')).trim()).toMatch(/^[A-Za-z0-9+/]{43}=$/);
  });

  it('has the public half that WireGuard derives', async () => {
    // What `wg genkey` made and `wg pubkey` said of it.
    const file = path.join(directory, 'wireguard.key');
    await writeFile(file, 'ILzBOeQkxgkrdVLN4gRH6JTdlMBo3vzA1vEKCEwhL3Y=\n');

    expect(await openKey(directory)).toEqual({
      file,
      publicKey: 'B+Uid/D0J+7MVQf7Om3p4+odcc3YxEG7iUy48U6PMRQ=',
    });
  });

  it('is not replaced when its file holds something else', async () => {
    await writeFile(path.join(directory, 'wireguard.key'), 'not a key');

    await expect(openKey(directory)).rejects.toThrow('is not a WireGuard key');
    expect(await readFile(path.join(directory, 'wireguard.key'), 'utf8')).toBe('not a key');
  });
});
