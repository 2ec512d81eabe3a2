import { afterEach, describe, expect, it } from 'vitest';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { Bench, WEB, web } from './bench.ts';

const MEBIBYTE = 1024 ** 2;

let bench = new Bench();

async function running(instance: AssignedInstance): Promise<Bench> {
  bench = new Bench();
  await bench.start();
  await bench.assign([instance]);
  await bench.clock.turn(2_000);
  bench.engine.journal.length = 0;
  return bench;
}

/** The agent stops and starts; what is assigned is on its disk. */
async function restartAgent(instance: AssignedInstance): Promise<void> {
  await bench.stop();
  await bench.start();
  await bench.assign([instance]);
  await bench.clock.turn(2_000);
}

const kinds = () => bench.events.map((event) => event.kind);
const limited = { memory: 64 * MEBIBYTE };

type Deed = (engine: FakeEngine) => void;
const deeds: readonly (readonly [string, Deed, string])[] = [
  ['paused', (engine) => engine.pause(WEB), 'container paused instead of running'],
  ['stopped', (engine) => engine.kill(WEB), 'container stopped instead of running'],
  ['removed', (engine) => engine.removeByHand(WEB), 'container removed instead of running'],
  ['renamed', (engine) => engine.renameByHand(WEB, 'mine'), `name mine instead of ${WEB}`],
  [
    'given another limit',
    (engine) => engine.update(WEB, { Memory: 128 * MEBIBYTE }),
    'mem_limit 128 MiB instead of 64 MiB',
  ],
  [
    'given a limit that it had not',
    (engine) => engine.update(WEB, { CpuShares: 2 }),
    'cpu_shares 2 instead of none',
  ],
  [
    'given a restart policy',
    (engine) => engine.update(WEB, { RestartPolicy: 'always' }),
    'restart always instead of none',
  ],
  ['cut off', (engine) => engine.disconnect(WEB), 'network none instead of its own'],
  [
    'put into another network',
    (engine) => engine.connect(WEB, 'other'),
    'network other instead of only its own',
  ],
];

const remove: Deed = (engine) => engine.removeByHand(WEB);

afterEach(async () => {
  await bench.stop();
});

describe('drift', () => {
  it.each(deeds)('is repaired: what a person has %s', async (_, deed, text) => {
    const { engine, clock } = await running(web('web:1', limited));

    deed(engine);
    await clock.turn(3_000);

    expect(engine.names).toEqual([WEB]);
    const { limits, networks, phase } = engine.get(WEB);
    expect({ limits, networks, phase }).toEqual({
      limits: { Memory: 64 * MEBIBYTE },
      networks: ['fake'],
      phase: 'running',
    });
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(bench.observe()?.drift).toBeUndefined();
    const told = bench.events.filter((event) => event.kind === 'drift-found');
    expect(told.map((event) => event.message)).toEqual([
      `somebody else made it so: ${text}; put right`,
    ]);
    expect(kinds()).not.toContain('instance-crashed');
  });

  it.each([
    ['given another limit', `mend ${WEB} mem_limit`],
    ['cut off', `mend ${WEB} network`],
    ['put into another network', `mend ${WEB} network`],
    ['paused', `unpause ${WEB}`],
    ['renamed', `rename mine to ${WEB}`],
  ])('is undone without a restart of what was %s', async (name, step) => {
    const { engine, clock } = await running(web('web:1', limited));

    deeds.find(([title]) => title === name)?.[1](engine);
    await clock.turn(3_000);

    expect(engine.journal).toEqual([step]);
    expect(engine.get(WEB).starts).toBe(1);
  });

  it('is replaced beside what serves where it cannot be undone', async () => {
    const { engine, clock } = await running(web('web:1', { mode: 'stop-first' }));
    const first = engine.get(WEB).id;

    engine.update(WEB, { CpuShares: 2 });
    await clock.settle();

    expect(engine.names).toHaveLength(2);
    expect(bench.observe()?.current).toMatchObject({ id: first, ready: true });
    await clock.turn(2_000);
    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).id).not.toBe(first);
  });

  it('is replaced where the engine refuses to undo it', async () => {
    const { engine, clock } = await running(web('web:1', limited));
    const first = engine.get(WEB).id;
    engine.fail('mend', 'engine-refused');

    engine.update(WEB, { Memory: 128 * MEBIBYTE });
    await clock.turn(3_000);

    expect(engine.get(WEB).id).not.toBe(first);
    expect(engine.get(WEB).limits).toEqual({ Memory: 64 * MEBIBYTE });
  });

  it('does not try a replacement that fails more often than any other', async () => {
    const { engine, clock } = await running(web('web:1'));
    const first = engine.get(WEB).id;
    engine.behave('web:1', { startError: 'engine-refused' });

    engine.update(WEB, { CpuShares: 2 });
    await clock.turn(10_000);

    // At once, and after 1, 2 and 4 seconds.
    expect(engine.count('create')).toBe(4);
    expect(bench.observe()).toMatchObject({ current: { id: first, ready: true } });
  });

  it('shows what is paused as it is', async () => {
    const { engine, clock } = await running(web('web:1', { drift: 'report' }));

    engine.pause(WEB);
    await clock.settle();

    expect(bench.observe()?.current).toMatchObject({ running: false, ready: false, paused: true });
  });

  it('is found by listing where no event told of it', async () => {
    const { engine, clock } = await running(web('web:1', limited));
    engine.setDown(true);
    await clock.turn(2_000);
    engine.disconnect(WEB);
    engine.setDown(false);

    await clock.turn(6_000);

    expect(engine.get(WEB).networks).toEqual(['fake']);
  });

  it('is nothing that the engine made of the wish by itself', async () => {
    bench = new Bench();
    await bench.start();
    const { engine, clock } = bench;
    const create = engine.create.bind(engine);
    engine.create = async (scope, instance, name) => {
      const id = await create(scope, instance, name);
      engine.update(name, { CpusetMems: '0' });
      return id;
    };

    await bench.assign([web('web:1', limited)]);
    await clock.turn(120_000);
    await restartAgent(web('web:1', limited));
    await clock.turn(120_000);

    expect(engine.count('create')).toBe(1);
    expect(engine.count('mend')).toBe(0);
    expect(kinds()).toEqual([]);
  });
});

describe('drift that is only told', () => {
  const left = (overrides: Parameters<typeof web>[1] = {}) =>
    web('web:1', { ...limited, drift: 'report', ...overrides });

  it.each(deeds)('is left as it is: what a person has %s', async (_, deed, text) => {
    const { engine, clock } = await running(left());

    deed(engine);
    await clock.turn(600_000);

    expect(engine.journal).toEqual([]);
    const { drift, attempt } = bench.observe() ?? {};
    expect(attempt).toBeNull();
    expect(drift).toMatchObject({ state: 'reported', count: 1, since: expect.any(Number) });
    const [told] = bench.events;
    expect(kinds()).toEqual(['drift-found']);
    expect(told?.message).toBe(`somebody else made it so: ${text}; left so`);
  });

  it.each(deeds)(
    'is put right once when a person asks for a deploy: what was %s',
    async (_, deed) => {
      const { engine, clock } = await running(left());
      deed(engine);
      await clock.turn(60_000);

      await bench.assign([left()]);
      await clock.turn(3_000);

      expect(engine.names).toEqual([WEB]);
      expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
      expect(bench.observe()?.drift).toBeUndefined();
      deed(engine);
      await clock.turn(60_000);
      expect(bench.observe()?.drift).toMatchObject({ state: 'reported' });
    },
  );

  it.each(deeds)('does not keep a new spec from what was %s', async (_, deed) => {
    const { engine, clock } = await running(left());
    deed(engine);
    await clock.turn(60_000);

    await bench.assign([web('web:2', { ...limited, drift: 'report' })]);
    await clock.turn(3_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(bench.observe()?.drift).toBeUndefined();
  });

  it.each(deeds)(
    'is repaired as soon as it is no longer only told: what was %s',
    async (_, deed) => {
      const { engine, clock } = await running(left());
      deed(engine);
      await clock.turn(60_000);

      await bench.assign([web('web:1', limited)]);
      await clock.turn(3_000);

      expect(engine.names).toEqual([WEB]);
      expect(engine.get(WEB)).toMatchObject({
        limits: { Memory: 64 * MEBIBYTE },
        networks: ['fake'],
      });
    },
  );

  it.each(deeds.slice(1, 3))(
    'is still left after the agent was started anew: what was %s',
    async (_, deed) => {
      const { engine } = await running(left());
      deed(engine);
      await bench.clock.turn(5_000);

      await restartAgent(left());
      await bench.clock.turn(60_000);

      expect(engine.journal).toEqual([]);
      expect(bench.observe()?.drift).toMatchObject({ state: 'reported', count: 1 });
    },
  );

  it('is over when the person undoes it', async () => {
    const { engine, clock } = await running(left());
    engine.pause(WEB);
    await clock.turn(60_000);

    engine.unpauseByHand(WEB);
    await clock.turn(2_000);

    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(bench.observe()?.drift).toBeUndefined();
    await clock.turn(120_000);
    expect(kinds()).toEqual(['drift-found', 'drift-over']);
  });

  it('is never a container that crashed by itself', async () => {
    const { engine, clock } = await running(left());

    engine.crash(WEB);
    await clock.turn(2_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
    expect(kinds()).toEqual(['instance-crashed']);
  });

  it('is not what an engine stops that is shut down', async () => {
    const { engine, clock } = await running(left());

    engine.kill(WEB);
    await clock.turn(1_000);
    engine.setDown(true);
    await clock.turn(20_000);
    engine.setDown(false);
    await clock.turn(10_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
    expect(bench.observe()?.drift).toBeUndefined();
  });

  it('is not a container that was found stopped: nobody has seen who did it', async () => {
    const { engine } = await running(left());
    await bench.stop();
    engine.kill(WEB);

    await bench.start();
    await bench.assign([left()]);
    await bench.clock.turn(2_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
  });
});

describe('another actor that undoes it', () => {
  /** Each second, as long as there is something to undo. */
  async function undoEachSecond(seconds: number, deed: Deed): Promise<void> {
    for (let second = 0; second < seconds; second += 1) {
      const isThere = bench.engine.names.includes(WEB);
      if (isThere) deed(bench.engine);
      await bench.clock.turn(1_000);
    }
  }

  it.each([
    ['removes', (engine: FakeEngine) => engine.removeByHand(WEB), 'create', 'removed'],
    ['stops', (engine: FakeEngine) => engine.kill(WEB), 'start', 'stopped'],
    ['pauses', (engine: FakeEngine) => engine.pause(WEB), 'unpause', 'paused'],
  ] as const)(
    'is met ever more rarely, and shown as stalled, when it %s the container',
    async (_, deed, step, found) => {
      const { engine } = await running(web('web:1'));

      await undoEachSecond(1_200, deed);

      // At once, at once, after 2, 4, 8, … 256, 300 s: twenty minutes have room for no more.
      const tries = engine.count(step);
      expect(tries).toBeGreaterThanOrEqual(10);
      expect(tries).toBeLessThanOrEqual(13);
      const { attempt, drift } = bench.observe() ?? {};
      expect(attempt).toMatchObject({ phase: 'failed', failure: { code: 'stalled' } });
      expect(attempt?.failure?.message).toContain(`container ${found} instead of running`);
      expect(drift).toEqual({
        state: 'stalled',
        count: attempt?.failure?.count,
        since: expect.any(Number),
        differences: [{ what: 'container', wanted: 'running', found }],
      });
      // At the first, second and fourth time, and when it is stalled: no more.
      expect(kinds()).toEqual(['drift-found', 'drift-found', 'drift-found', 'drift-stalled']);
    },
  );

  it('is met ever more rarely when it changes a limit, and the container serves all the while', async () => {
    const { engine, clock } = await running(web('web:1', limited));
    for (let second = 0; second < 600; second += 1) {
      engine.update(WEB, { Memory: 128 * MEBIBYTE });
      await clock.turn(1_000);
    }

    expect(engine.count('mend')).toBeLessThanOrEqual(12);
    expect(engine.get(WEB).starts).toBe(1);
    expect(bench.observe()).toMatchObject({
      current: { ready: true },
      attempt: null,
      drift: { state: 'stalled' },
    });
  });

  it('that stops is recovered from without anybody’s help, and that is told', async () => {
    const { engine, clock } = await running(web('web:1'));
    await undoEachSecond(300, remove);
    expect(engine.names).toEqual([]);

    await clock.turn(300_000);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    await clock.turn(121_000);
    expect(bench.observe()?.drift).toBeUndefined();
    expect(kinds().at(-1)).toBe('drift-over');
  });

  it.each([
    ['a commit', web('web:2')],
    ['a deploy that a person asked for', web('web:1')],
  ])('is not waited for when %s comes', async (_, next) => {
    const { engine, clock } = await running(web('web:1'));
    await undoEachSecond(300, remove);

    await bench.assign([next]);
    await clock.turn(1_000);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(bench.observe()?.drift).toBeUndefined();
  });

  it('is known again by an agent that was started anew', async () => {
    const { engine, clock } = await running(web('web:1'));
    await undoEachSecond(300, remove);
    const before = bench.observe()?.drift;
    const made = engine.count('create');

    await restartAgent(web('web:1'));

    expect(bench.observe()?.drift).toEqual(before);
    expect(engine.count('create')).toBe(made);
    await clock.turn(300_000);
    expect(engine.names).toEqual([WEB]);
  });

  it('that comes once an hour is nobody to be patient with', async () => {
    const { engine, clock } = await running(web('web:1'));
    for (let hour = 0; hour < 12; hour += 1) {
      engine.removeByHand(WEB);
      await clock.turn(2_000);
      expect(engine.names).toEqual([WEB]);
      await clock.turn(3_600_000);
    }

    expect(kinds()).not.toContain('drift-stalled');
  });
});
