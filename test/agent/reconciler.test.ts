import { afterEach, describe, expect, it, vi } from 'vitest';
import type { DeliveredFiles } from '../../src/agent/file-store.ts';
import type { Publication } from '../../src/agent/publisher.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { GridError } from '../../src/model/error.ts';
import { aDelivery, aFilesMount } from '../support/a-delivery.ts';
import { aPort } from '../support/builders.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { Bench, noFiles, PATH, WEB, web } from './bench.ts';

let bench = new Bench();

async function running(...instances: AssignedInstance[]): Promise<Bench> {
  bench = new Bench();
  await bench.start();
  await bench.assign(instances);
  await bench.clock.turn(2_000);
  return bench;
}

afterEach(async () => {
  await bench.stop();
});

describe('the reconciler', () => {
  it('runs what is assigned and says when it is ready', async () => {
    const { engine, clock } = await running();

    await bench.assign([web('web:1')]);
    const early = bench.observe();
    await clock.turn(1_000);

    expect(engine.names).toEqual([WEB]);
    expect(early).toMatchObject({
      current: { running: true, ready: false },
      attempt: { phase: 'starting' },
    });
    expect(bench.observe()).toMatchObject({
      current: { running: true, ready: true, health: 'unknown' },
      attempt: null,
    });
  });

  it('touches nothing as long as it has no assignment', async () => {
    const { engine } = await running(web('web:1'));
    await bench.stop();
    engine.kill(WEB);
    engine.journal.length = 0;

    await bench.start();
    await bench.clock.turn(120_000);

    expect(engine.journal).toEqual([]);
    expect(bench.observe()).toMatchObject({ current: { running: false } });
  });

  it('stops and removes what is not assigned, and nothing of another node', async () => {
    const { engine } = await running(web('web:1'), web('web:1', { number: 2 }));
    const other = web('web:1', { number: 3 });
    await engine.create({ ...bench.scope, node: 'node-2' }, other, 'shop.web-3');

    await bench.assign([web('web:1')]);

    expect(engine.names).toEqual([WEB, 'shop.web-3 (created)']);
    expect(bench.observe('shop/web-2')).toBeNull();
  });

  it('does not carry out what a newer assignment takes back', async () => {
    const { engine, clock } = await running(web('stubborn:1'));

    await bench.assign([]);
    await clock.turn(5_000);
    await bench.assign([web('stubborn:1')]);
    await clock.turn(10_000);

    expect(engine.count('stop')).toBe(1);
    expect(engine.count('remove')).toBe(0);
    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
  });

  it('leaves kept instances as they are, and starts them again', async () => {
    const { engine } = await running(web('web:1'), web('web:1', { number: 2 }));

    await bench.assign([], [PATH, 'shop/web-2']);
    engine.kill(WEB);
    await bench.clock.turn(1_000);

    expect(engine.names).toEqual([WEB, 'shop.web-2']);
    expect(engine.count('create')).toBe(2);
  });

  it('does nothing when the same is assigned again', async () => {
    const { engine } = await running(web('web:1'));
    const before = [...engine.journal];

    await bench.assign([web('web:1')]);
    await bench.clock.turn(120_000);

    expect(engine.journal).toEqual(before);
  });

  it('does not touch a container because of a newer revision of the same spec', async () => {
    const { engine } = await running(web('web:1'));
    const before = [...engine.journal];

    await bench.assign([{ ...web('web:1'), revision: 'newer' }]);
    await bench.clock.turn(5_000);

    expect(engine.journal).toEqual(before);
  });
});

describe('replacing', () => {
  it('keeps the old container serving until the new one is ready', async () => {
    const { engine, clock } = await running(web('web:1'));
    const first = engine.get(WEB);

    await bench.assign([web('web:2')]);
    const between = engine.names.length;
    const observed = bench.observe();
    await clock.turn(1_000);

    expect(between).toBe(2);
    expect(observed?.current).toMatchObject({ id: first.id, ready: true });
    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('with stop-first, has the image and the container before it stops the old one', async () => {
    const ports = [aPort(80)];
    const { engine, clock } = await running(web('web:1', { ports }));
    engine.journal.length = 0;
    const next = web('web:2', { ports, mode: 'stop-first' });

    await bench.assign([next]);
    await clock.turn(1_000);

    const name = `${WEB}.${next.specHash}`;
    expect(engine.journal).toEqual([
      `create ${name}`,
      `stop ${WEB}`,
      `start ${name}`,
      `remove ${WEB}`,
      `rename ${name} to ${WEB}`,
    ]);
  });

  it('keeps the old container when the new one exits, tells why and tries again with growing pauses', async () => {
    const { engine, clock } = await running(web('web:1'));

    await bench.assign([web('exits:1')]);
    await clock.turn(500);
    const failed = bench.observe();
    await clock.turn(10_000);

    expect(failed).toMatchObject({
      current: { ready: true, specHash: web('web:1').specHash },
      attempt: {
        phase: 'failed',
        specHash: web('exits:1').specHash,
        failure: { code: 'container-exited', exitCode: 3, log: ['no settings'], count: 1 },
      },
    });
    expect(failed?.attempt?.failure?.message).toBe(
      'the container exited with code 3 before it was ready',
    );
    // After 1, 2 and 4 seconds.
    expect(bench.observe()?.attempt?.failure?.count).toBe(4);
    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
    expect(engine.mostOfOneInstance).toBe(2);
    expect(bench.events.map((event) => event.kind)).toContain('instance-failed');
  });

  it('with stop-first, serves with the old container again when the new one fails', async () => {
    const { engine, clock } = await running(web('web:1'));

    await bench.assign([web('exits:1', { mode: 'stop-first' })]);
    await clock.turn(500);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
    await clock.turn(30_000);
    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
    expect(bench.observe()).toMatchObject({
      current: { ready: true },
      attempt: { phase: 'failed' },
    });
  });

  it('applies a fix at once although the broken container is still waited for', async () => {
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([web('deaf:1', { waitForPort: 80 })]);
    await clock.turn(60_000);
    expect(engine.names).toHaveLength(2);

    await bench.assign([web('web:2')]);
    await clock.turn(1_000);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()).toMatchObject({
      current: { ready: true, specHash: web('web:2').specHash },
      attempt: null,
    });
    expect(engine.mostOfOneInstance).toBe(2);
  });

  it('says what it waits for', async () => {
    const { clock } = await running();

    await bench.assign([web('deaf:1', { waitForPort: 80 })]);
    await clock.turn(1_000);

    expect(bench.observe()?.attempt).toMatchObject({
      phase: 'starting',
      message: 'waiting until it is ready: port 80 does not accept connections',
      failure: null,
    });
  });

  it('does not blame the new spec for crashes of the old container', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.behave('web:1', { exitAfter: 500 });

    await bench.assign([web('deaf:1', { waitForPort: 80 })]);
    engine.kill(WEB);
    await clock.turn(8_000);

    expect(engine.get(WEB).starts).toBeGreaterThan(2);
    expect(bench.observe()?.attempt?.failure).toBeNull();
    expect(bench.events.map((event) => event.kind)).toContain('instance-crashed');
  });

  it('gives up waiting for a port after five minutes', async () => {
    const { engine, clock } = await running(web('web:1'));

    await bench.assign([web('deaf:1', { waitForPort: 80 })]);
    await clock.turn(302_000);

    expect(bench.observe()?.attempt?.failure).toMatchObject({
      code: 'not-ready-in-time',
      message: expect.stringContaining('port 80 does not accept connections'),
    });
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
  });

  it('returns to the old spec without starting anything', async () => {
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([web('deaf:1', { waitForPort: 80 })]);
    await clock.turn(5_000);

    await bench.assign([web('web:1')]);
    await clock.turn(1_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).starts).toBe(1);
    expect(bench.observe()?.attempt).toBeNull();
  });

  it('pulls an image that vanished before a container was made again, and calls that no failure', async () => {
    await running();
    bench.engine.fail('create', 'image-not-found');
    await bench.assign([web('web:1')]);
    expect(bench.observe()?.attempt?.failure ?? null).toBeNull();

    await bench.clock.turn(1_500);

    expect(bench.engine.names).toEqual([WEB]);
    expect(bench.events).toEqual([]);
  });

  it('says so when an image vanishes again and again', async () => {
    await running();
    bench.engine.fail('create', 'image-not-found', 2);
    await bench.assign([web('web:1')]);
    expect(bench.observe()?.attempt?.failure).toMatchObject({ code: 'image-not-found', count: 1 });

    await bench.clock.turn(2_000);
    expect(bench.engine.names).toEqual([WEB]);
  });

  it('asks a registry that refused it at once with another account, and not with one of another registry', async () => {
    const pulls = () => bench.engine.journal.filter((line) => line === 'pull a.io/web:1').length;
    const password = { username: 'deploy', password: 'a' };
    await running();
    bench.engine.fail('pull', 'registry-refused', 9);
    await bench.assign([web('a.io/web:1')]);
    expect(bench.observe()?.attempt?.failure).toMatchObject({ code: 'registry-refused' });
    const before = pulls();

    bench.accounts = { 'b.io': password };
    await bench.assign([web('a.io/web:1')]);
    expect(pulls()).toBe(before);
    bench.accounts = { 'a.io': password };
    await bench.assign([web('a.io/web:1')]);

    expect(pulls()).toBe(before + 1);
    expect(bench.observe()?.attempt?.failure).toMatchObject({ count: 1 });
  });

  it('stops a pull that is not wanted any more', async () => {
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([web('large:1')]);
    expect(bench.observe()?.attempt).toMatchObject({
      phase: 'pulling',
      message: 'pulling large:1: 50 %',
    });

    await bench.assign([web('web:2')]);
    await clock.turn(1_000);

    expect(engine.get(WEB).instance.spec.image).toBe('web:2');
  });

  it.each(['start-first', 'stop-first'] as const)(
    'with %s, starts the old container again that crashes while an image is pulled',
    async (mode) => {
      const { engine, clock } = await running(web('web:1'));
      await bench.assign([web('large:1', { mode })]);
      await clock.turn(10_000);

      engine.crash(WEB);
      await clock.turn(2_000);

      expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
      expect(bench.observe()).toMatchObject({
        current: { running: true, ready: true },
        attempt: { phase: 'pulling', message: 'pulling large:1: 50 %' },
      });
      await clock.turn(60_000);
      expect(engine.names).toEqual([WEB]);
      expect(engine.get(WEB).instance.spec.image).toBe('large:1');
      expect(engine.count('create')).toBe(2);
    },
  );

  it('with stop-first, serves as before when the fix of what never came up cannot be had', async () => {
    const mode = 'stop-first';
    const { engine, clock } = await running(web('web:1', { mode }));
    await bench.assign([web('deaf:1', { mode, waitForPort: 80 })]);
    await clock.turn(5_000);
    expect(engine.get(WEB).phase).toBe('exited');

    await bench.assign([web('absent:1', { mode })]);
    await clock.turn(5_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
    expect(bench.observe()?.attempt?.failure).toMatchObject({ code: 'image-not-found' });
  });

  it('counts a crash of what was stopped as unhealthy and started again while an image is pulled', async () => {
    const healthcheck = { test: ['CMD-SHELL', 'exit 0'], interval: 1_000 };
    const extras = { extras: { healthcheck }, stopGracePeriod: 20 };
    const { engine, clock } = await running(web('stubborn:1', extras));
    engine.diagnose(WEB, 'unhealthy');
    await clock.turn(500);
    expect(engine.journal.at(-1)).toBe(`stop ${WEB}`);
    await bench.assign([web('large:1')]);
    await clock.turn(25_000);
    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });

    engine.crash(WEB);
    await clock.turn(2_000);

    expect(engine.count('pull')).toBe(1);
    expect(bench.events.map((event) => event.kind)).toContain('instance-crashed');
  });

  it('starts the old container once an image takes long that was down when its pull began', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.crash(WEB);
    await clock.settle();
    engine.crash(WEB);
    await clock.settle();
    expect(engine.names).toEqual([`${WEB} (exited)`]);

    await bench.assign([web('large:1')]);
    await clock.turn(3_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 3 });
    expect(engine.count('pull')).toBe(1);
  });

  it('starts the new container again that crashes while the old one has its time to stop', async () => {
    const { engine, clock } = await running(web('stubborn:1', { stopGracePeriod: 600 }));
    const next = web('web:2');
    const name = `${WEB}.${next.specHash}`;
    await bench.assign([next]);
    await clock.turn(1_500);
    expect(engine.journal.at(-1)).toBe(`stop ${WEB}`);

    engine.crash(name);
    await clock.turn(2_000);

    expect(engine.get(name)).toMatchObject({ phase: 'running', starts: 2 });
    expect(engine.get(WEB).phase).toBe('running');
    await clock.turn(20_000);
    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).starts).toBe(2);
  });

  it('starts the old container again also while the engine does not remove what has failed', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.fail('remove', 'engine-refused', 1_000);
    await bench.assign([web('exits:1')]);
    await clock.turn(5_000);
    expect(engine.names).toHaveLength(2);

    engine.crash(WEB);
    await clock.turn(6_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
  });

  it('says all the while what the engine does not remove, asks it less and less often, and makes nothing beside it', async () => {
    const { engine, clock } = await running();
    const shown: (string | undefined)[] = [];
    const message = 'cannot remove container web: device or resource busy';
    const removal = vi.spyOn(engine, 'remove').mockImplementation(async () => {
      await Promise.resolve(shown.push(bench.observe()?.attempt?.message));
      throw new GridError({ code: 'engine-refused', message, retry: 'later' });
    });

    await bench.assign([web('exits:1')]);
    await clock.turn(60_000);

    expect(engine.names).toHaveLength(1);
    expect(shown.length).toBeLessThan(20);
    const [, ...again] = shown;
    const why =
      /exited with code 3 .*; cannot remove container web: device or resource busy; tried/;
    expect(again.filter((text) => why.test(text ?? ''))).toEqual(again);
    expect(bench.observe()?.attempt?.message).toMatch(/busy; tried again in 5 s$/);

    removal.mockRestore();
    await clock.turn(10_000);
    expect(bench.observe()?.attempt?.message).toMatch(/; waiting for the next attempt$/);
  });

  it('keeps the old container when the new one dies before the old one is told to stop', async () => {
    bench = new Bench();
    const { engine, clock } = bench;
    const settled = async () => await clock.sleep(3_000);
    let found: Publication['containers'] = [];
    const publish = (_: string, { containers }: Publication): void => {
      found = containers;
    };
    await bench.start({ publisher: { publish, settled } });
    await bench.assign([web('web:1')]);
    await clock.turn(2_000);
    engine.behave('web:2', { exitAfter: 1_500 });

    const next = web('web:2');
    await bench.assign([next]);
    await clock.turn(5_000);

    expect(engine.count('stop')).toBe(0);
    const { id, phase } = engine.get(WEB);
    expect(phase).toBe('running');
    expect(found.find(({ container }) => container === id)).toMatchObject({ draining: false });
    engine.behave('web:2', {});
    await clock.turn(20_000);
    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB).instance.specHash).toBe(next.specHash);
  });

  it('does not let an instance that waits hold up another one', async () => {
    bench = new Bench();
    await bench.start({ concurrency: 1 });
    const { engine, clock } = bench;
    await bench.assign([web('deaf:1', { waitForPort: 80 }), web('large:1', { number: 2 })]);
    await clock.turn(3_000);

    await bench.assign([
      web('deaf:1', { waitForPort: 80 }),
      web('large:1', { number: 2 }),
      web('web:1', { number: 3 }),
    ]);

    expect(engine.names).toContain('shop.web-3');
  });
});

describe('failing', () => {
  it('tells of an image that does not exist', async () => {
    await running(web('missing:1'));

    expect(bench.observe()).toMatchObject({
      current: null,
      attempt: { phase: 'failed', failure: { code: 'image-not-found', exitCode: null } },
    });
  });

  it('removes a container that the engine could not start', async () => {
    const { engine } = await running(web('web:1'));

    await bench.assign([web('refused:1')]);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()?.attempt?.failure?.code).toBe('engine-refused');
  });

  it('shows a failure until an attempt succeeds, not only between attempts', async () => {
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([web('exits:1')]);
    await clock.turn(1_250);

    expect(engine.names).toHaveLength(2);
    expect(bench.observe()?.attempt?.phase).toBe('failed');
    engine.behave('exits:1', {});
    await clock.turn(20_000);

    expect(bench.observe()).toMatchObject({
      current: { ready: true, specHash: web('exits:1').specHash },
      attempt: null,
    });
  });

  it('tries at once again when a newer assignment comes', async () => {
    const { engine, clock } = await running();
    await bench.assign([web('exits:1')]);
    await clock.turn(100_000);
    engine.behave('exits:1', {});

    await bench.assign([web('exits:1')]);

    expect(engine.names).toEqual([WEB]);
  });

  it('stays as patient as it was when a newer assignment concerns others only', async () => {
    const stopFirst = web('exits:1', { mode: 'stop-first' });
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([stopFirst]);
    await clock.turn(3_000);
    const before = engine.journal.length;

    for (const image of ['web:1', 'web:2', 'web:1'])
      await bench.assign([stopFirst, web(image, { number: 2, mode: 'stop-first' })]);

    const own = engine.journal.slice(before).filter((entry) => entry.includes(WEB));
    expect(own).toEqual([]);
    expect(bench.observe()?.attempt?.failure?.code).toBe('container-exited');
  });

  it('replaces a container whose network is gone for good', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.fail('start', 'not-found');

    engine.kill(WEB);
    await clock.turn(3_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.count('create')).toBe(2);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('counts an engine that does not answer as nobody’s failure, and goes on when it is back', async () => {
    const { engine, clock } = await running();
    engine.setDown(true);

    await bench.assign([web('web:1')]);
    await clock.turn(60_000);
    expect(engine.names).toEqual([]);
    expect(bench.observe()?.attempt?.failure ?? null).toBeNull();
    engine.setDown(false);
    await clock.turn(7_000);

    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });
});

describe('keeping alive', () => {
  it.each([
    ['killed', (engine: FakeEngine) => engine.kill(WEB)],
    ['removed', (engine: FakeEngine) => engine.removeByHand(WEB)],
  ])('brings back at once what was %s by hand', async (_, harm) => {
    const { engine } = await running(web('web:1'));

    harm(engine);
    await bench.clock.settle();

    expect(engine.names).toEqual([WEB]);
  });

  it('restarts what crashes after 0, 1, 4, 9 … seconds, and says so from the second time on', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.behave('web:1', { exitAfter: 1_500, exitCode: 7, log: ['oops'] });

    engine.crash(WEB);
    await clock.settle();
    const first = bench.observe()?.attempt?.failure ?? null;
    await clock.turn(1_500 + 1_000 + 1_500 + 4_000 + 1_500 + 8_999);

    expect(first).toBeNull();
    expect(engine.get(WEB)).toMatchObject({ phase: 'exited', starts: 4 });
    expect(bench.observe()).toMatchObject({
      current: { running: false },
      attempt: { phase: 'failed', failure: { code: 'container-exited', exitCode: 7, count: 4 } },
    });
    await clock.turn(1);
    expect(engine.get(WEB).starts).toBe(5);
    expect(engine.count('create')).toBe(1);
  });

  it('replaces the old container only when the engine calls the new one healthy', async () => {
    const { engine, clock } = await running(web('web:1'));
    const healthcheck = { test: ['CMD', 'ask'] };
    await bench.assign([web('web:2', { extras: { healthcheck } })]);
    await clock.turn(120_000);
    expect(engine.names).toHaveLength(2);
    const [candidate = ''] = engine.names.filter((name) => name !== WEB);

    engine.diagnose(candidate, 'healthy');
    await clock.turn(5_000);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()?.current).toMatchObject({ health: 'healthy', ready: true });
  });

  it('gives up a new container that the engine calls unhealthy, and says so', async () => {
    const { engine, clock } = await running(web('web:1'));
    const healthcheck = { test: ['CMD', 'ask'] };
    await bench.assign([web('web:2', { extras: { healthcheck } })]);
    await clock.turn(5_000);

    engine.diagnose(engine.names.find((name) => name !== WEB) ?? '', 'unhealthy');
    await clock.turn(100);

    expect(engine.names).toEqual([WEB]);
    expect(bench.observe()?.attempt?.failure).toMatchObject({ code: 'not-ready-in-time' });
  });

  it('restarts what served and the engine calls unhealthy', async () => {
    const healthcheck = { test: ['CMD-SHELL', 'exit 0'], interval: 1_000 };
    const { engine, clock } = await running(web('web:1', { extras: { healthcheck } }));
    expect(bench.observe()?.current?.health).toBe('healthy');

    engine.diagnose(WEB, 'unhealthy');
    await clock.turn(5_000);

    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
    expect(bench.observe()?.current).toMatchObject({ health: 'healthy', ready: true });
  });

  it('lets others find what fails a health check, until as many in a row make it unhealthy', async () => {
    const check = { protocol: 'http', port: 80, uri: '/', timeout: 1, initialDelay: 0 } as const;
    const shown: string[] = [];
    const publish = (_: string, { containers: [one] }: Publication): void => {
      if (one !== undefined) shown.push(`${one.ready ? '' : 'not '}ready, healthy: ${one.healthy}`);
    };
    bench = new Bench();
    await bench.start({ publisher: { publish, settled: () => Promise.resolve() } });
    await bench.assign([web('web:1', { healthCheck: { ...check, interval: 10 } })]);
    await bench.clock.turn(5_000);
    expect(shown.at(-1)).toBe('ready, healthy: true');

    bench.engine.behave('web:1', { status: 500 });
    await bench.clock.turn(20_000);
    expect(shown.at(-1)).toBe('not ready, healthy: true');
    shown.length = 0;
    await bench.clock.turn(10_000);

    expect(shown[0]).toBe('not ready, healthy: false');
  });

  it('restarts what fails as many health checks in a row as it says', async () => {
    const check = { protocol: 'http', port: 80, uri: '/', timeout: 1, initialDelay: 0 } as const;
    const healthCheck = { ...check, interval: 10, retries: 5 };
    const { engine, clock } = await running(web('web:1', { healthCheck }));

    engine.behave('web:1', { status: 500 });
    await clock.turn(45_000);
    expect(engine.get(WEB).starts).toBe(1);
    await clock.turn(10_000);

    expect(engine.get(WEB).starts).toBe(2);
  });

  it('restarts what fails three health checks in a row', async () => {
    const healthCheck = {
      protocol: 'http' as const,
      port: 80,
      uri: '/',
      timeout: 1,
      interval: 10,
      initialDelay: 0,
    };
    const { engine, clock } = await running(web('web:1', { healthCheck }));
    expect(bench.observe()?.current?.health).toBe('healthy');

    engine.behave('web:1', { status: 500 });
    await clock.turn(20_000);
    expect(bench.observe()?.current).toMatchObject({ health: 'unhealthy', ready: true });
    expect(engine.get(WEB).starts).toBe(1);
    engine.behave('web:1', {});
    await clock.turn(1);
    engine.behave('web:1', { status: 500 });
    await clock.turn(10_000);
    engine.behave('web:1', {});
    await clock.turn(1_000);

    expect(engine.get(WEB).starts).toBe(2);
    expect(bench.observe()?.current).toMatchObject({ health: 'healthy', ready: true });
  });

  it('finds out by listing what no event told', async () => {
    const { engine, clock } = await running(web('web:1'));
    engine.setDown(true);
    engine.removeByHand(WEB);
    engine.setDown(false);

    await clock.turn(6_000);

    expect(engine.names).toEqual([WEB]);
  });
});

describe('an agent that starts again', () => {
  it('adopts what runs and starts nothing', async () => {
    const { engine, clock } = await running(web('web:1'), web('web:1', { number: 2 }));
    await bench.stop();
    engine.journal.length = 0;

    await bench.start();
    await bench.assign([web('web:1'), web('web:1', { number: 2 })]);
    await clock.turn(60_000);

    expect(engine.journal).toEqual([]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('does not speak before it has looked at everything, however long that takes', async () => {
    const { engine, clock } = await running(web('web:1'), web('web:1', { number: 2 }));
    await bench.stop();
    let release: () => void = () => undefined;
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const slow = Object.assign(Object.create(engine) as FakeEngine, {
      find: async (...of: Parameters<FakeEngine['find']>) => {
        if (of[1].number === 2) await released;
        return await engine.find(...of);
      },
      list: async (...of: Parameters<FakeEngine['list']>) => await engine.list(...of),
      watch: async (...of: Parameters<FakeEngine['watch']>) => await engine.watch(...of),
    });
    const onKnown = vi.fn();

    await bench.start({ containers: slow });
    void bench.known.then(onKnown);
    await clock.turn(10_000);
    expect(onKnown).not.toHaveBeenCalled();
    release();
    await clock.turn(2_000);

    expect(onKnown).toHaveBeenCalled();
    expect(bench.observe('shop/web-2')?.current?.running).toBe(true);
  });

  it('starts everything after a reboot', async () => {
    const { engine } = await running(web('web:1'), web('web:1', { number: 2 }));
    await bench.stop();
    for (const name of engine.names) engine.kill(name);

    await bench.start();
    await bench.assign([web('web:1'), web('web:1', { number: 2 })]);

    expect(engine.names).toEqual([WEB, 'shop.web-2']);
    expect(engine.count('create')).toBe(2);
  });

  it('starts a container that was created but not started, and makes no second one', async () => {
    const { engine, clock } = await running();
    await engine.create(bench.scope, web('web:1'), WEB);

    await bench.assign([web('web:1')]);
    await clock.turn(1_000);

    expect(engine.count('create')).toBe(1);
    expect(engine.get(WEB)).toMatchObject({ phase: 'running', starts: 1 });
  });

  it('goes on with a replacement where it was', async () => {
    const { engine, clock } = await running(web('web:1'));
    await bench.assign([web('web:2')]);
    expect(engine.names).toHaveLength(2);
    await bench.stop();

    await bench.start();
    await bench.assign([web('web:2')]);
    await clock.turn(1_000);

    expect(engine.names).toEqual([WEB]);
    expect(engine.get(WEB)).toMatchObject({ starts: 1 });
    expect(engine.count('create')).toBe(2);
  });
});

describe('names', () => {
  it('takes another name while somebody else has its own, and its own when that is free', async () => {
    const { engine, clock } = await running();
    const stranger = web('web:1', { number: 9 });
    await engine.create({ ...bench.scope, node: 'node-2' }, stranger, WEB);
    const wanted = web('web:1');

    await bench.assign([wanted]);
    await clock.turn(2_000);
    expect(engine.names).toEqual([`${WEB} (created)`, `${WEB}.${wanted.specHash}`]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
    engine.removeByHand(WEB);
    await clock.turn(31_000);

    expect(engine.names).toEqual([WEB]);
  });
});

describe('delivered files', () => {
  const delivery = aDelivery({ '': 'hello' });
  const mount = aFilesMount(delivery);

  /** Puts everything below `/files`, and remembers what it was asked for. */
  function recording() {
    const asked: string[] = [];
    const files: DeliveredFiles = {
      offer: ({ bundles }) => asked.push(`offer ${Object.keys(bundles).length}`),
      place: (spec) => {
        asked.push('place');
        const source = `/files/${mount.digest}`;
        const bind = { kind: 'bind', source, target: '/files', readOnly: true } as const;
        return Promise.resolve({ ...spec, mounts: [bind] });
      },
      sweep: (mounted) => {
        asked.push(`sweep ${[...mounted].join()}`);
        return Promise.resolve();
      },
    };
    return { asked, files };
  }

  it('are put in place before a container, and again before it is started another time', async () => {
    const { asked, files } = recording();
    bench = new Bench();
    await bench.start({ files });
    const wanted = web('web:1', { mounts: [mount] });

    await bench.assign([wanted], [], delivery);
    await bench.clock.turn(1_000);
    expect(asked).toEqual(['sweep ', 'offer 1', 'place', 'place']);
    expect(bench.engine.get(WEB).instance).toMatchObject({
      specHash: wanted.specHash,
      spec: { mounts: [{ kind: 'bind', source: `/files/${mount.digest}` }] },
    });

    asked.length = 0;
    bench.engine.kill(WEB);
    await bench.clock.turn(5_000);
    expect(asked).toContain('place');
    expect(bench.engine.get(WEB)).toMatchObject({ phase: 'running', starts: 2 });
  });

  it('are removed by what the engine says is mounted', async () => {
    const { asked, files } = recording();
    bench = new Bench();
    await bench.start({ files });
    await bench.assign([web('web:1', { mounts: [mount] })], [], delivery);
    await bench.clock.turn(31_000);

    expect(asked.at(-1)).toBe(`sweep /files/${mount.digest}`);
  });

  it('that cannot be written are a failed attempt, which leaves the old container alone', async () => {
    const files: DeliveredFiles = {
      ...noFiles,
      place: (spec) =>
        spec.mounts.length === 0
          ? Promise.resolve(spec)
          : Promise.reject(new GridError({ code: 'internal', message: 'the disk is full' })),
    };
    bench = new Bench();
    await bench.start({ files });
    await bench.assign([web('web:1')]);
    await bench.clock.turn(2_000);

    await bench.assign([web('web:1', { mounts: [mount] })], [], delivery);
    await bench.clock.turn(2_000);

    expect(bench.engine.names).toEqual([WEB]);
    expect(bench.observe()).toMatchObject({
      current: { ready: true },
      attempt: { phase: 'failed', failure: { message: 'the disk is full' } },
    });
  });
});

describe('volumes of another instance', () => {
  const volumesFrom = [{ service: 'store', number: null, readOnly: false }];
  const STORE = 'shop.store-1';
  const store = (image: string) => web(image, { service: 'store', waitForPort: 80 });
  const borrower = (image: string) => web(image, { volumesFrom });

  async function lending(): Promise<Bench> {
    bench = new Bench();
    await bench.start();
    await bench.assign([store('web:1'), borrower('web:1')]);
    await bench.clock.turn(3_000);
    return bench;
  }

  it('are taken by id, from the container that is ready', async () => {
    const { engine } = await lending();

    expect(engine.get(WEB).instance.lenders).toEqual([engine.get(STORE).id]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('are never those of a container that is about to go: its successor is waited for', async () => {
    const { engine, clock } = await lending();
    engine.behave('web:2', { listensAfter: 20_000 });

    await bench.assign([store('web:2'), borrower('web:2')]);
    await clock.turn(10_000);
    const early = { seen: bench.observe(), image: engine.get(WEB).instance.spec.image };
    await clock.turn(30_000);

    expect(early).toMatchObject({
      image: 'web:1',
      seen: { attempt: { phase: 'starting', message: `waiting for the volumes of ${STORE}` } },
    });
    expect(engine.names).toEqual([STORE, WEB]);
    expect(engine.get(STORE).instance.spec.image).toBe('web:2');
    expect(engine.get(WEB).instance.lenders).toEqual([engine.get(STORE).id]);
  });

  it('are waited for also when both are stopped first', async () => {
    const { engine, clock } = await lending();
    const [from, to] = [store('web:2'), borrower('web:2')];

    await bench.assign([from, to].map((one) => ({ ...one, mode: 'stop-first' as const })));
    await clock.turn(10_000);

    expect(engine.names).toEqual([STORE, WEB]);
    expect(engine.get(WEB).instance.lenders).toEqual([engine.get(STORE).id]);
    expect(bench.observe()).toMatchObject({ current: { ready: true }, attempt: null });
  });

  it('of one that fails are waited for while the old container serves, until it is assigned as it was', async () => {
    const { engine, clock } = await lending();
    const first = engine.get(STORE).id;

    await bench.assign([store('deaf:1'), borrower('web:2')]);
    await clock.turn(60_000);
    expect(engine.get(WEB).instance.spec.image).toBe('web:1');
    expect(bench.observe()?.attempt).toMatchObject({ failure: null });
    await bench.assign([store('web:1'), borrower('web:2')]);
    await clock.turn(10_000);

    expect(engine.get(WEB).instance).toMatchObject({ spec: { image: 'web:2' }, lenders: [first] });
  });

  it('of one that is kept are those of the container that serves', async () => {
    const { engine, clock } = await lending();

    await bench.assign([borrower('web:2')], ['shop/store-1']);
    await clock.turn(10_000);

    expect(engine.get(WEB).instance).toMatchObject({
      spec: { image: 'web:2' },
      lenders: [engine.get(STORE).id],
    });
  });

  it('stay as they are when only the lender’s container is made anew', async () => {
    const { engine, clock } = await lending();
    const before = engine.get(WEB).id;

    engine.removeByHand(STORE);
    await clock.turn(40_000);

    expect(engine.names).toEqual([STORE, WEB]);
    expect(engine.get(WEB).id).toBe(before);
  });
});
