import { afterEach, describe, expect, it } from 'vitest';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { aHook } from '../support/builders.ts';
import { Bench, PATH, WEB, web } from './bench.ts';

let bench = new Bench();

afterEach(async () => {
  await bench.stop();
});

async function started(...instances: AssignedInstance[]): Promise<Bench> {
  bench = new Bench();
  await bench.start();
  await bench.assign(instances);
  await bench.clock.turn(2_000);
  return bench;
}

/** Another agent on the same node. */
async function restart(instances: readonly AssignedInstance[]): Promise<void> {
  await bench.stop();
  await bench.start();
  await bench.assign(instances);
  await bench.clock.turn(2_000);
}

const migrate = aHook('pre-start', 'migrate');
const warm = aHook('post-start', 'warm');
const drain = aHook('pre-stop', 'drain');

describe('pre-start hooks', () => {
  it('run in containers of their own before the start, and leave none behind', async () => {
    const { engine } = await started(web('web:1', { hooks: [migrate] }));

    expect(engine.journal).toEqual([
      `create ${WEB}`,
      'create-hook pre-start/migrate',
      'start-hook pre-start/migrate',
      expect.stringMatching(/^remove shop\.web-1\.hook-/),
      `start ${WEB}`,
    ]);
    expect(engine.names).toEqual([WEB]);
  });

  it('that fail are the attempt’s failure, with exit code and last lines, and the old container serves on', async () => {
    const { engine, clock } = await started(web('web:1'));
    const first = engine.get(WEB);
    engine.behave('web:2', { hooks: { migrate: { exitCode: 7, log: ['no such table'] } } });

    await bench.assign([web('web:2', { hooks: [migrate] })]);
    await clock.turn(500);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB)).toBe(first);
    expect(bench.observe()).toMatchObject({
      current: { id: first.id, ready: true },
      attempt: {
        phase: 'failed',
        failure: {
          code: 'hook-failed',
          message: 'the pre_start hook migrate exited with code 7',
          exitCode: 7,
          log: ['no such table'],
        },
      },
    });
    expect(bench.events).toMatchObject([{ severity: 'error', kind: 'instance-failed' }]);
  });

  it('that the engine does not run have failed', async () => {
    const { engine, clock } = await started();
    engine.fail('start-hook', 'engine-refused');

    await bench.assign([web('web:2', { hooks: [migrate] })]);
    const early = bench.observe();
    await clock.turn(5_000);

    expect(early?.attempt?.failure).toMatchObject({
      code: 'hook-failed',
      message: expect.stringContaining('the pre_start hook migrate could not be run: '),
    });
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(engine.names).toEqual([WEB]);
  });

  it('wait for an engine that does not answer', async () => {
    const { engine, clock } = await started();
    engine.fail('start-hook', 'engine-unreachable');

    await bench.assign([web('web:2', { hooks: [migrate] })]);
    await clock.turn(5_000);

    expect(engine.count('create-hook')).toBe(1);
    expect(bench.events).toEqual([]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('that cannot be written down as done are not run again for that', async () => {
    const { engine, clock } = await started();
    const { disk } = bench;
    disk.isFull = true;

    await bench.assign([web('web:2', { hooks: [{ ...migrate, oneshot: true }] })]);
    await clock.turn(20_000);
    const early = engine.names;
    disk.isFull = false;
    await clock.turn(10_000);

    expect(early).not.toContain(WEB);
    expect(engine.names).toEqual([WEB]);
    expect(engine.count('start-hook')).toBe(1);
  });

  it('are tried again with the attempt, with growing pauses', async () => {
    const { engine, clock } = await started();
    engine.behave('web:2', { hooks: { migrate: { exitCode: 1 } } });
    await bench.assign([web('web:2', { hooks: [migrate] })]);
    await clock.turn(10_000);
    expect(engine.count('start-hook')).toBe(4);

    engine.behave('web:2', {});
    await clock.turn(10_000);

    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('that do not end are killed after ten minutes', async () => {
    const { engine, clock } = await started();
    engine.behave('web:2', { hooks: { migrate: { takes: null } } });

    await bench.assign([web('web:2', { hooks: [migrate] })]);
    await clock.turn(599_000);
    const before = bench.observe()?.attempt;
    await clock.turn(2_000);

    expect(before).toMatchObject({
      phase: 'starting',
      message: 'waiting for the hook migrate',
      failure: null,
    });
    expect(bench.observe()?.attempt?.failure).toMatchObject({
      code: 'hook-failed',
      message: 'the pre_start hook migrate did not end within 600 s',
      exitCode: null,
    });
    expect(engine.names.filter((name) => name.includes('hook'))).toHaveLength(1);
  });

  it('do not keep a newer assignment waiting', async () => {
    const { engine, clock } = await started();
    engine.behave('web:2', { hooks: { migrate: { takes: null } } });
    await bench.assign([web('web:2', { hooks: [migrate] })]);
    await clock.turn(1_000);

    await bench.assign([web('web:1')]);
    await clock.turn(2_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
  });

  it('are waited for by the next agent when theirs is killed', async () => {
    const { engine, clock } = await started();
    engine.behave('web:2', { hooks: { migrate: { takes: 60_000 } } });
    const instances = [web('web:2', { hooks: [migrate] })];
    await bench.assign(instances);
    await clock.turn(10_000);

    await restart(instances);
    await clock.turn(60_000);

    expect(engine.count('start-hook')).toBe(1);
    expect(engine.names).toEqual([WEB]);
  });
});

describe('oneshot hooks', () => {
  const once = [{ ...migrate, oneshot: true }];

  it('run once: not in a replaced container, not under the next agent', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: once }));

    await bench.assign([web('web:2', { hooks: once })]);
    await clock.turn(2_000);
    await restart([web('web:2', { hooks: once })]);
    engine.removeByHand(WEB);
    await clock.turn(2_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.count('start-hook')).toBe(1);
    expect(bench.observe()?.doneHooks).toEqual(['pre-start/migrate']);
  });

  it('run again until they have succeeded', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { migrate: { exitCode: 1 } } });
    await bench.assign([web('web:1', { hooks: once })]);
    await clock.turn(500);
    expect(bench.observe()?.doneHooks).toBeUndefined();
    engine.behave('web:1', {});
    await clock.turn(2_000);

    expect(engine.count('start-hook')).toBe(2);
    expect(bench.observe()?.doneHooks).toEqual(['pre-start/migrate']);
  });

  it('do not run where the master says that they have run elsewhere, also after it has forgotten', async () => {
    const { engine, clock } = await started(
      web('web:1', { hooks: once, doneHooks: ['pre-start/migrate'] }),
    );

    await bench.assign([web('web:2', { hooks: once })]);
    await clock.turn(2_000);

    expect(engine.count('start-hook')).toBe(0);
    expect(bench.observe()?.doneHooks).toEqual(['pre-start/migrate']);
  });

  it('that have succeeded stay so when something newer is wanted before that is written down', async () => {
    const { engine, clock } = await started();
    const { disk } = bench;
    disk.isFull = true;
    await bench.assign([web('web:1', { hooks: once })]);
    await clock.turn(1_000);

    await bench.assign([web('web:2', { hooks: once })]);
    disk.isFull = false;
    await clock.turn(10_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
    expect(engine.count('start-hook')).toBe(1);
    expect(bench.observe()?.doneHooks).toEqual(['pre-start/migrate']);
  });

  it('that succeed while they are stopped for something newer have succeeded', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { stopTakes: 8_000, hooks: { migrate: { takes: 10_000 } } });
    await bench.assign([web('web:1', { hooks: once })]);
    await clock.turn(5_000);

    await bench.assign([web('web:2', { hooks: once })]);
    await clock.turn(20_000);

    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
    expect(engine.count('start-hook')).toBe(1);
  });

  it('that are stopped for something newer run again', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { migrate: { takes: null } } });
    await bench.assign([web('web:1', { hooks: once })]);
    await clock.turn(5_000);

    await bench.assign([web('web:2', { hooks: once })]);
    await clock.turn(10_000);

    expect(engine.count('start-hook')).toBe(2);
    expect(engine.names).toEqual([WEB]);
  });

  it('run for each instance that they concern', async () => {
    const hooks = [{ ...migrate, oneshot: true, instances: [2, 3] }];
    const { engine } = await started(...[1, 2, 3].map((number) => web('web:1', { hooks, number })));

    expect(engine.count('start-hook')).toBe(2);
    expect(bench.observe(PATH)?.doneHooks).toBeUndefined();
    expect(bench.observe('shop/web-3')?.doneHooks).toEqual(['pre-start/migrate']);
  });

  it('inside of a container run once, too', async () => {
    const hooks = [{ ...warm, oneshot: true }];
    const { engine, clock } = await started(web('web:1', { hooks }));

    engine.kill(WEB);
    await clock.turn(2_000);

    expect(engine.get(WEB).starts).toBe(2);
    expect(engine.count('exec')).toBe(1);
  });

  describe('inside of a container', () => {
    const inside = [{ ...warm, oneshot: true }];
    const told = () => bench.events.map(({ message }) => message);

    async function beginning(takes: number, exitCode = 0): Promise<Bench> {
      const { engine, clock } = await started();
      const hooks = { warm: { takes, exitCode } };
      for (const image of ['web:1', 'web:2']) engine.behave(image, { hooks });
      await bench.assign([web('web:1', { hooks: inside })]);
      await clock.turn(10_000);
      return bench;
    }

    it('keep a newer assignment waiting, and are not run in its container', async () => {
      const { engine, clock } = await beginning(60_000);

      await bench.assign([web('web:2', { hooks: inside })]);
      await clock.turn(45_000);
      const early = engine.get(WEB).instance.spec.image;
      await clock.turn(15_000);

      expect(early).toBe('web:1');
      expect(engine.get(WEB).instance.spec.image).toBe('web:2');
      expect(engine.count('exec')).toBe(1);
      expect(bench.observe()?.doneHooks).toEqual(['post-start/warm']);
    });

    it('are waited for by the next agent', async () => {
      const { engine, clock } = await beginning(60_000);

      await restart([web('web:1', { hooks: inside })]);
      await clock.turn(30_000);
      const early = bench.observe();
      await clock.turn(30_000);

      expect(early).toMatchObject({ current: { ready: false } });
      expect(bench.observe()).toMatchObject({
        current: { ready: true },
        attempt: null,
        doneHooks: ['post-start/warm'],
      });
      expect(engine.count('exec')).toBe(1);
    });

    it('that ended while no agent ran have succeeded or failed all the same', async () => {
      const { engine, clock } = await beginning(60_000, 3);

      await bench.stop();
      await clock.turn(60_000);
      await restart([web('web:1', { hooks: inside })]);

      expect(engine.count('exec')).toBe(1);
      expect(told()).toEqual(['the post_start hook warm exited with code 3']);
      expect(bench.observe()?.doneHooks).toBeUndefined();
    });

    it('that ended nobody knows how are told, and run again after the next start', async () => {
      const { engine, clock } = await beginning(60_000);

      await bench.stop();
      engine.forgetExecs();
      await restart([web('web:1', { hooks: inside })]);
      const early = engine.count('exec');
      engine.kill(WEB);
      await clock.turn(65_000);

      expect(told()[0]).toBe(
        'the post_start hook warm has ended, and the engine does not know how any more',
      );
      expect(early).toBe(1);
      expect(engine.count('exec')).toBe(2);
      expect(bench.observe()?.doneHooks).toEqual(['post-start/warm']);
    });

    it('are not started before it is written down that they are', async () => {
      const { engine, clock } = await started();
      const { disk } = bench;
      disk.isFull = true;
      await bench.assign([web('web:1', { hooks: inside })]);
      await clock.turn(20_000);
      const early = engine.count('exec');
      disk.isFull = false;
      await clock.turn(10_000);

      expect(early).toBe(0);
      expect(engine.count('exec')).toBe(1);
    });
  });

  it('are forgotten with the instance', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: once }));
    await bench.assign([]);
    await clock.turn(1_000);
    await bench.assign([web('web:1', { hooks: once })]);
    await clock.turn(2_000);

    expect(engine.count('start-hook')).toBe(2);
  });
});

describe('post-start hooks', () => {
  it('run after each start, before the container counts as ready', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { warm: { takes: 20_000 } } });
    await bench.assign([web('web:1', { hooks: [warm], waitForPort: 80 })]);
    await clock.turn(19_000);
    const early = bench.observe();
    await clock.turn(2_000);
    const late = bench.observe();
    engine.kill(WEB);
    await clock.turn(30_000);

    expect(early).toMatchObject({
      current: { running: true, ready: false },
      attempt: { phase: 'starting', message: 'running the hook warm: it was started' },
    });
    expect(late).toMatchObject({ current: { ready: true }, attempt: null });
    expect(engine.journal.filter((line) => line.startsWith('exec'))).toEqual([
      `exec ${WEB} post-start/warm`,
      `exec ${WEB} post-start/warm`,
    ]);
  });

  it('that fail are told and stop nothing', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { warm: { exitCode: 2, log: ['cold'] } } });

    await bench.assign([web('web:1', { hooks: [warm] })]);
    await clock.turn(2_000);

    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    expect(bench.events).toEqual([
      {
        severity: 'warning',
        kind: 'hook-failed',
        path: PATH,
        message: 'the post_start hook warm exited with code 2\ncold',
      },
    ]);
    expect(engine.count('exec')).toBe(1);
  });

  it('that do not end are left to themselves after five minutes', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { warm: { takes: null } } });

    await bench.assign([web('web:1', { hooks: [warm] })]);
    await clock.turn(302_000);

    expect(bench.observe()).toMatchObject({ current: { ready: true } });
    expect(bench.events).toMatchObject([
      { message: 'the post_start hook warm did not end within 300 s' },
    ]);
  });

  it('do not keep a newer assignment waiting', async () => {
    const { engine, clock } = await started();
    engine.behave('web:1', { hooks: { warm: { takes: null } } });
    await bench.assign([web('web:1', { hooks: [warm] })]);
    await clock.turn(2_000);

    await bench.assign([web('web:2', { hooks: [warm] })]);
    await clock.turn(5_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
  });

  it('do not run again under the next agent', async () => {
    const instances = [web('web:1', { hooks: [warm] })];
    const { engine } = await started(...instances);

    await restart(instances);

    expect(engine.count('exec')).toBe(1);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });
});

describe('pre-stop hooks', () => {
  it('of the container that is replaced run before it is stopped, as it was made', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: [drain] }));
    engine.journal.length = 0;

    await bench.assign([web('web:2', { hooks: [{ ...drain, name: 'other' }] })]);
    await clock.turn(2_000);

    expect(engine.journal.slice(-4)).toEqual([
      `exec ${WEB} pre-stop/drain`,
      `stop ${WEB}`,
      `remove ${WEB}`,
      expect.stringContaining('rename'),
    ]);
  });

  it('run before a removal, also under an agent that never saw the assignment', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: [drain] }));
    await restart([]);
    await clock.turn(1_000);

    expect(engine.names).toEqual([]);
    expect(engine.count('exec')).toBe(1);
  });

  it('that fail or hang do not keep a container', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: [drain, warm] }));
    engine.behave('web:1', { hooks: { drain: { takes: null } } });

    await bench.assign([]);
    await clock.turn(59_000);
    const before = engine.names;
    await clock.turn(2_000);

    expect(before).toEqual([WEB]);
    expect(engine.names).toEqual([]);
    expect(bench.events.at(-1)).toMatchObject({ severity: 'warning', kind: 'hook-failed' });
  });

  it('have as long as the container has to stop, if that is more', async () => {
    const { engine, clock } = await started(web('web:1', { hooks: [drain], stopGracePeriod: 300 }));
    engine.behave('web:1', { hooks: { drain: { takes: 200_000 } } });

    await bench.assign([]);
    await clock.turn(201_000);

    expect(engine.names).toEqual([]);
    expect(bench.events).toEqual([]);
  });
});
