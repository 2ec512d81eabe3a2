import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/agent/agent-event.ts';
import { Housekeeping } from '../../src/agent/housekeeping.ts';
import { ImageRecord } from '../../src/agent/image-record.ts';
import { recordedPulls } from '../../src/agent/recorded-pulls.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import { GridError } from '../../src/model/error.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { NOW } from '../support/builders.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { untilPasses } from '../support/until-passes.ts';
import { web } from './bench.ts';
import { HandClock } from './hand-clock.ts';

const HOUR = 3_600_000;

let directory: string;
let clock: HandClock;
let record: ImageRecord;
let assignment: Assignment | null;
let used: Set<string>;
let removals: string[];
let remove: (reference: string) => Promise<boolean>;
let networks: string[];
let events: Omit<AgentEvent, 'path'>[];
let keeping: Housekeeping;

beforeEach(async () => {
  directory = await mkdtemp(path.join(tmpdir(), 'gridops-images-'));
  clock = new HandClock();
  record = await ImageRecord.open(directory);
  assignment = assigned('web:2');
  used = new Set();
  removals = [];
  networks = [];
  events = [];
  remove = () => Promise.resolve(true);
  keeping = new Housekeeping({
    images: {
      used: async () => await Promise.resolve(used),
      remove: async (reference, id) => {
        removals.push(`${reference} ${id}`);
        return await remove(reference);
      },
    },
    record,
    removeNetwork: async (grid) => {
      networks.push(grid);
      await Promise.resolve();
    },
    assignment: () => assignment,
    keep: 24 * HOUR,
    clock,
    log: silentLog,
    onEvent: (event) => events.push(event),
  });
  keeping.start();
});

afterEach(async () => {
  await keeping.stop();
  await rm(directory, { recursive: true });
});

function assigned(...images: string[]): Assignment {
  const instances = images.map((image, at) => web(image, { number: at + 1 }));
  const whose = { grid: 'demo', node: 'node-1', generation: 1, roster: ['node-1'] };
  return { ...whose, instances, kept: [] };
}

/** What is on disk takes real time. */
async function wait(condition: () => boolean): Promise<void> {
  await untilPasses(() => expect(condition()).toBe(true));
}

describe('an image', () => {
  it('goes a day after its last use, and is told of', async () => {
    await record.add('web:1', { id: 'one', usedAt: NOW });
    await record.add('web:2', { id: 'two', usedAt: NOW });
    await clock.turn(23 * HOUR);
    expect(removals).toEqual([]);

    await clock.turn(2 * HOUR);
    await wait(() => !('web:1' in record.images));

    expect(removals).toEqual(['web:1 one']);
    expect(events).toMatchObject([{ kind: 'images-removed' }]);
    expect(events[0]?.message).toContain('web:1');
    // It is written after it is known.
    await untilPasses(async () => {
      const read = await ImageRecord.open(directory);
      expect(Object.keys(read.images)).toEqual(['web:2']);
    });
  });

  it('goes at once where room is short, unless it is needed', async () => {
    await record.add('web:1', { id: 'one', usedAt: NOW });
    await record.add('web:2', { id: 'two', usedAt: NOW });
    await record.add('web:3', { id: 'three', usedAt: NOW });
    used.add('three');

    keeping.press();
    await wait(() => !('web:1' in record.images));
    keeping.press();
    await clock.settle();

    expect(removals).toEqual(['web:1 one']);
  });

  it('stays on record while a container has begun to use it, or the engine does not say', async () => {
    await record.add('web:1', { id: 'one', usedAt: NOW - 30 * HOUR });
    await record.add('web:3', { id: 'three', usedAt: NOW - 30 * HOUR });
    remove = async (reference) => {
      await Promise.resolve();
      if (reference === 'web:1') return false;
      throw new GridError({ code: 'engine-unreachable', message: 'gone' });
    };
    await clock.turn(HOUR);
    await wait(() => removals.length === 2);
    await clock.settle();

    expect(Object.keys(record.images).toSorted()).toEqual(['web:1', 'web:3']);
  });

  it('stays as long as nobody has said what is wanted', async () => {
    await record.add('web:1', { id: 'one', usedAt: NOW });
    assignment = null;
    await clock.turn(100 * HOUR);
    expect(removals).toEqual([]);
  });

  it('that the agent does not know of is not even looked for', async () => {
    await clock.turn(100 * HOUR);
    expect(removals).toEqual([]);
  });
});

describe('the network of the grid', () => {
  it('goes when nothing is assigned to the node', async () => {
    await clock.turn(2 * HOUR);
    expect(networks).toEqual([]);
    assignment = assigned();
    await clock.turn(HOUR);
    expect(networks).toEqual(['demo']);
  });
});

describe('the record of images', () => {
  it('that is damaged is an empty one', async () => {
    await writeFile(path.join(directory, 'images.json'), '{"web:1": {"id": 3}, "web:2"');
    expect((await ImageRecord.open(directory)).images).toEqual({});
    await writeFile(path.join(directory, 'images.json'), '{"web:1": {"id": 3}}');
    expect((await ImageRecord.open(directory)).images).toEqual({});
  });

  it('has what was not there before it was pulled, and nothing else', async () => {
    const engine = new FakeEngine({ clock, images: { 'web:1': {}, 'web:2': { pullTakes: 0 } } });
    let pressed = 0;
    const pulls = recordedPulls({
      engine,
      record,
      clock,
      log: silentLog,
      onFull: () => {
        pressed += 1;
      },
    });
    const options = { onProgress: () => undefined, signal: new AbortController().signal };
    await pulls.pull('web:1', options);
    const pulling = pulls.pull('web:2', options);
    await clock.turn(1);
    await pulling;

    expect(record.images).toEqual({ 'web:2': { id: 'sha256:web:2', usedAt: NOW } });
    expect(pressed).toBe(0);

    engine.behave('web:3', { pullTakes: 0 });
    engine.fail('pull', 'disk-full');
    await expect(pulls.pull('web:3', options)).rejects.toMatchObject({ code: 'disk-full' });
    expect(pressed).toBe(1);
  });
});
