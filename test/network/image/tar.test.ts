import { execFileSync } from 'node:child_process';
import { expect, it } from 'vitest';
import { type TarEntry, tar, tarSize } from './tar.ts';

const LONG = `usr/share/${'a-long-name/'.repeat(9)}with-an-end-that-alone-is-short`;

const ENTRIES: readonly TarEntry[] = [
  { kind: 'folder', path: 'tmp', mode: 0o1777 },
  { kind: 'file', path: 'bin/run', mode: 0o755, content: Buffer.from('#!/bin/sh\n') },
  { kind: 'file', path: LONG, mode: 0o644, content: Buffer.alloc(513) },
  { kind: 'link', path: 'bin/sh', target: 'run' },
];

it('writes archives that tar reads, with long names and all modes', () => {
  const archive = Buffer.concat([...tar(ENTRIES)]);

  const list = execFileSync('tar', ['-tv', '--numeric-owner'], { input: archive }).toString();

  const lines = list.trimEnd().split('\n');
  expect(lines.map((line) => line.split(/\s+/).toSpliced(3, 2))).toEqual([
    ['drwxrwxrwt', '0/0', '0', 'tmp/'],
    ['-rwxr-xr-x', '0/0', '10', 'bin/run'],
    ['-rw-r--r--', '0/0', '513', LONG],
    ['lrwxrwxrwx', '0/0', '0', 'bin/sh', '->', 'run'],
  ]);
});

it('knows the size of an archive beforehand, and makes the same one again', () => {
  const archive = Buffer.concat([...tar(ENTRIES)]);

  expect(tarSize(ENTRIES)).toBe(archive.length);
  expect(Buffer.concat([...tar(ENTRIES)]).equals(archive)).toBe(true);
});

it('refuses a name that no archive can hold', () => {
  expect(() => [...tar([{ kind: 'folder', path: 'x'.repeat(101), mode: 0o755 }])]).toThrow('long');
});
