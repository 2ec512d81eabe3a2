import { afterEach, describe, expect, it } from 'vitest';
import type { InstanceStatus } from '../../src/protocol/instance-api.ts';
import type { FakeEngine } from '../support/fake-engine.ts';
import { eventually, type World } from '../support/world.ts';
import { stackFile, stackOf, startFlowWorld } from './flow-world.ts';

let world: World;
let engine: FakeEngine;

afterEach(async () => {
  await world.stop();
});

const WEB = 'web.web-1';
const web = (more = '', image = 'demo:1') => ({
  [stackFile('web')]: stackOf('web', { more, image }),
});

async function start(files: Readonly<Record<string, string>>): Promise<void> {
  ({ world, engine } = await startFlowWorld({ files }));
  await world.final(await world.work.head());
}

async function theInstance(is: (one: InstanceStatus) => boolean): Promise<InstanceStatus> {
  return await eventually(async () => {
    const [one] = await world.instances();
    return one !== undefined && is(one) ? one : null;
  }, 'the instance');
}

describe('drift', () => {
  it('is left and shown where grid.yml says so, does not hold up other deploys, and is repaired on request', async () => {
    await start({ 'grid.yml': 'drift: report\n', ...web() });

    engine.pause(WEB);
    const shown = await theInstance((one) => one.drift !== undefined);
    const other = { [stackFile('api')]: stackOf('api') };
    const status = await world.final(await world.push(other));

    expect(shown).toMatchObject({
      state: 'paused',
      attempt: null,
      drift: {
        state: 'reported',
        differences: [{ what: 'container', wanted: 'running', found: 'paused' }],
      },
    });
    expect(status).toMatchObject({ state: 'success' });
    expect(engine.get(WEB).phase).toBe('paused');
    await world.api(`grids/${world.grid}/deploys`, {});
    await theInstance((one) => one.stack === 'api' || one.state === 'running');
    await eventually(async () => {
      const all = await world.instances();
      return all.every((one) => one.state === 'running' && one.drift === undefined) ? all : null;
    }, 'everything repaired');
  });

  it('that is left of what was removed does not keep the next commit from succeeding', async () => {
    await start({ 'grid.yml': '', ...web('    drift: report\n') });

    engine.removeByHand(WEB);
    await theInstance((one) => one.state === 'missing' && one.drift?.state === 'reported');
    const untouched = await world.final(await world.push({ [stackFile('api')]: stackOf('api') }));
    expect(engine.names).not.toContain(WEB);
    const sha = await world.push(web('    drift: report\n', 'demo:2'));

    expect(untouched).toMatchObject({ state: 'success' });
    expect(await world.final(sha)).toMatchObject({ state: 'success' });
    expect(engine.get(WEB).instance.spec.image).toBe('demo:2');
  });

  it('is repaired, without a new container, as soon as a commit no longer leaves it', async () => {
    await start({ 'grid.yml': 'drift: report\n', ...web() });
    const { id } = engine.get(WEB);
    engine.pause(WEB);
    await theInstance((one) => one.drift !== undefined);

    await world.final(await world.push({ 'grid.yml': '' }));

    await theInstance((one) => one.state === 'running' && one.drift === undefined);
    expect(engine.get(WEB)).toMatchObject({ id, phase: 'running' });
  });

  it('is told as an event and, when it stalls, as a failure with what differs', async () => {
    await start({ 'grid.yml': '', ...web() });
    for (let time = 0; time < 5; time += 1) {
      await eventually(
        async () => await Promise.resolve(engine.names.includes(WEB) ? true : null),
        'the container',
      );
      engine.removeByHand(WEB);
    }

    const stalled = await theInstance((one) => one.drift?.state === 'stalled');

    expect(stalled.drift?.differences).toEqual([
      { what: 'container', wanted: 'running', found: 'removed' },
    ]);
    const told = (await world.events()).filter(({ kind }) => kind.startsWith('drift-'));
    expect(told.map(({ kind }) => kind)).toContain('drift-stalled');
    expect(told[0]?.message).toContain('container removed instead of running');
  }, 60_000);
});
