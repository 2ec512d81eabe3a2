import { beforeEach, describe, expect, it } from 'vitest';
import { QuestionDesk } from '../../src/agent/question-desk.ts';
import { VolumeUse } from '../../src/agent/volume-use.ts';
import { removeVolume } from '../../src/agent/volumes.ts';
import type { AssignedInstance, Assignment } from '../../src/model/assignment.ts';
import type { Question } from '../../src/model/volume.ts';
import { createKeyPair, seal } from '../../src/protocol/sign.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { aVolumeMount, NOW } from '../support/builders.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { web } from './bench.ts';
import { HandClock } from './hand-clock.ts';

const clock = new HandClock();
const scope = { grid: 'demo', node: 'node-1', publishAddress: '0.0.0.0' };
const db = web('web:1', { service: 'db', mounts: [aVolumeMount()] });
const VOLUME = 'shop.db.data-1';
let engine: FakeEngine;
let container: string;

beforeEach(async () => {
  engine = new FakeEngine({ clock, images: { 'web:1': {} } });
  container = await engine.create(scope, db, 'shop.db-1');
});

function assigning(
  instances: readonly AssignedInstance[],
  kept: readonly string[] = [],
): Assignment {
  return { grid: 'demo', node: 'node-1', generation: 1, roster: [], instances, kept };
}

async function remove(assignment: Assignment | null, name = VOLUME): Promise<void> {
  await removeVolume(engine.volumes, { grid: 'demo', node: 'node-1', name, assignment });
}

const names = async () => (await engine.volumes.list('demo', 'node-1')).map((one) => one.name);

describe('a volume', () => {
  it('goes when a person has named it and nothing has it', async () => {
    await engine.remove(container);

    await remove(assigning([]));

    expect(await names()).toEqual([]);
  });

  it.each([
    [
      'that a container has, also one that does not run',
      assigning([]),
      'in use by shop.db-1',
      false,
    ],
    [
      'of an instance that is assigned, although its container is missing',
      assigning([db]),
      'shop/db-1',
      true,
    ],
    [
      'of a stateful instance, where only the image says that there is data',
      assigning([{ ...web('web:1', { service: 'db' }), stateful: true, service: 'db' }]),
      'in use',
      false,
    ],
    [
      'of a stack whose definition cannot be read',
      assigning([], ['shop/db-1']),
      'cannot be read',
      true,
    ],
  ])('%s stays', async (_, assignment, reason, isRemoved) => {
    if (isRemoved) await engine.remove(container);

    await expect(remove(assignment)).rejects.toThrow(reason);

    expect(await names()).toEqual([VOLUME]);
  });

  it('of another grid, or of another node on this engine, is not known', async () => {
    await engine.remove(container);
    const other = { grid: 'other', node: 'node-1', name: VOLUME, assignment: null };

    await expect(removeVolume(engine.volumes, other)).rejects.toThrow('there is no volume');
    await expect(
      removeVolume(engine.volumes, { ...other, grid: 'demo', node: 'node-2' }),
    ).rejects.toThrow('there is no volume');

    expect(await names()).toEqual([VOLUME]);
  });
});

describe('what uses volumes', () => {
  it('is remembered beyond the agent: since when nothing does', async () => {
    let text: string | null = null;
    const save = async (next: string) => {
      text = next;
      await Promise.resolve();
    };
    const first = new VolumeUse({ text, save, log: silentLog });
    await first.see(['a', 'b'], NOW);
    await first.see(['b'], NOW + 1_000);
    const second = new VolumeUse({ text, save, log: silentLog });
    await second.see([], NOW + 9_000);

    expect([second.since('a'), second.since('b'), second.since('c')]).toEqual([
      NOW + 1_000,
      NOW + 9_000,
      null,
    ]);
    await second.see(['a'], NOW + 10_000);
    expect(second.since('a')).toBeNull();
  });
});

describe('a question', () => {
  const master = createKeyPair();
  const membership = { grid: 'demo', node: 'node-1', masterKey: master.publicKey } as const;
  const nonce = 'n'.repeat(64);
  const asking = { grid: 'demo', node: 'node-1', number: 7, nonce };
  const removal: Question = { kind: 'remove-volume', volume: VOLUME };

  async function ask(said: object, by = master) {
    const use = new VolumeUse({ text: null, save: async () => undefined, log: silentLog });
    const desk = new QuestionDesk({ volumes: engine.volumes, use, clock, log: silentLog });
    const signed = seal(by, 'question', said);
    const message = { type: 'question' as const, number: 7, signed };
    const of = { nonce, membership: { ...membership, credential: signed } };
    return await desk.answer(message, { ...of, assignment: () => assigning([]) });
  }

  it('of this node’s master in this session is answered', async () => {
    await engine.remove(container);

    expect(await ask({ ...asking, question: { kind: 'volumes' } })).toMatchObject({
      kind: 'volumes',
      volumes: [{ name: VOLUME, service: 'db', number: 1, usedBy: [], unusedSince: null }],
    });
    expect(await ask({ ...asking, question: removal })).toEqual({ kind: 'removed' });
    expect(await ask({ ...asking, question: removal })).toMatchObject({ kind: 'refused' });
  });

  it.each([
    ['of somebody else', asking, createKeyPair()],
    ['of another session', { ...asking, nonce: 'm'.repeat(64) }, master],
    ['for another node', { ...asking, node: 'node-2' }, master],
    ['with another number', { ...asking, number: 6 }, master],
  ])('%s is not', async (_, said, by) => {
    await engine.remove(container);

    await expect(ask({ ...said, question: removal }, by)).rejects.toMatchObject({
      code: 'not-authenticated',
    });

    expect(await names()).toEqual([VOLUME]);
  });
});
