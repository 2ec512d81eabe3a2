import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { KnownFacts } from '../../src/agent/known-facts.ts';
import type { NodeFacts } from '../../src/model/observed.ts';
import { someFacts } from '../support/builders.ts';

let directory: string;
let ask: () => Promise<NodeFacts>;
let silent: boolean;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'gridops-facts-'));
  ask = () => Promise.resolve(someFacts());
  silent = false;
});

afterEach(async () => {
  await rm(directory, { recursive: true });
});

const open = async () =>
  await KnownFacts.open({ directory, ask: async () => await ask(), isSilent: () => silent });

const isGone = () => Promise.reject(new Error('no engine'));

describe('what a node is', () => {
  it('is asked of its engine for each session', async () => {
    const facts = await open();
    expect(await facts.current()).toEqual(someFacts());
    ask = () => Promise.resolve(someFacts({ engineVersion: '28.0' }));
    expect((await facts.current()).engineVersion).toBe('28.0');
  });

  it('is what it was while the engine is silent, also for an agent that was started again', async () => {
    await (await open()).current();
    ask = isGone;
    silent = true;
    expect(await (await open()).current()).toEqual(someFacts());
  });

  it('is waited for where the engine has not been silent for long', async () => {
    await (await open()).current();
    ask = isGone;
    await expect((await open()).current()).rejects.toThrow('no engine');
  });

  it('is nothing where nobody ever knew, or what is on disk is no such thing', async () => {
    ask = isGone;
    silent = true;
    await expect((await open()).current()).rejects.toThrow('no engine');
    await writeFile(path.join(directory, 'facts.json'), '{"cpus":"many"}');
    await expect((await open()).current()).rejects.toThrow('no engine');
  });

  it('has changed where the engine came back as another version', async () => {
    const facts = await open();
    expect(await facts.haveChanged()).toBe(false);
    await facts.current();
    expect(await facts.haveChanged()).toBe(false);
    ask = () => Promise.resolve(someFacts({ engineVersion: '28.0' }));
    expect(await facts.haveChanged()).toBe(true);
  });
});
