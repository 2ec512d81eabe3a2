import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { CrashingProcess } from '../support/crashing.ts';
import { TestEngine } from '../support/test-engine.ts';
import { eventually, startWorld, type World } from '../support/world.ts';

/** Replacing a container start-first: create, start, stop, remove, rename. */
const LEAST_POINTS = 5;

const engine = new TestEngine();
let world: World;
let agent: CrashingProcess;

beforeAll(async () => await engine.prepare());

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  await engine.clear(world.grid);
  expect(violations).toEqual([]);
});

async function launch(options: object) {
  const started = await CrashingProcess.start('agent', options, 0);
  if (started === null) throw new Error('the agent does not start');
  agent = started.process;
  return { stop: async () => await started.process.kill() };
}

const files = (round: number, more = '') => ({
  'stacks/web/kontena.yml': `stack: test/web
services:
  web:
    image: ${engine.image}
    environment: {ROUND: "${round}"}
    deploy: {wait_for_port: 8080}
    stop_signal: SIGKILL
${more}`,
});

/** The old container makes way after the new one is ready, which is when the commit is done. */
async function onlyOne(where: string): Promise<void> {
  await eventually(async () => {
    const containers = await engine.containers(world.grid);
    return containers.size === 1 && containers.get('web.web-1')?.running === true ? true : null;
  }, `one container, ${where}`);
}

/** `SIGKILL`s the agent before each of its effects of a deploy in turn. Returns how many deploys that took. */
async function killEverywhere(of: (round: number) => Record<string, string>): Promise<number> {
  let point = 0;
  for (let survived = false; !survived; ) {
    point += 1;
    agent.arm(point);
    const sha = await world.push(of(point));

    const settled = world.final(sha).then(async (status) => {
      await onlyOne(`killed before effect ${point}`);
      return status;
    });
    await Promise.race([settled, agent.gone]);
    survived = agent.isAlive;
    if (!survived) await world.startAgent('node-1');

    expect(await settled, `killed before effect ${point}`).toMatchObject({ state: 'success' });
  }
  return point;
}

afterAll(() => CrashingProcess.endSpares());

describe('an agent that is killed', () => {
  it('between any two effects on the engine takes up where it stopped and starts nothing twice', async () => {
    world = await startWorld({
      nodes: ['node-1'],
      files: { 'grid.yml': '', ...files(0) },
      launchAgent: launch,
    });
    await world.final(await world.work.head());
    const recorder = await engine.recordStarts(world.grid);

    const point = await killEverywhere((round) => files(round));
    recorder.stop();

    expect(point).toBeGreaterThan(LEAST_POINTS);
    expect(recorder.starts, recorder.starts.join('; ')).toHaveLength(point);
    expect(new Set(recorder.starts).size).toBe(point);
  }, 180_000);

  it('with hooks runs no pre-start hook twice, a oneshot one never again, and leaves nothing of them', async () => {
    const hooks = `    hooks:
      pre_start:
        - {name: once, cmd: "true", oneshot: true}
        - {name: migrate, cmd: "sleep 0.2"}
      post_start: [{name: warm, cmd: "true"}]
      pre_stop: [{name: drain, cmd: "true"}]
`;
    world = await startWorld({
      nodes: ['node-1'],
      files: { 'grid.yml': '', ...files(0, hooks) },
      launchAgent: launch,
    });
    await world.final(await world.work.head());
    const recorder = await engine.recordStarts(world.grid);

    const point = await killEverywhere((round) => files(round, hooks));
    recorder.stop();

    const starts = recorder.starts.map((start) => start.split(' ')[0]);
    const counted = (name: string) => starts.filter((start) => start === name).length;
    expect(point).toBeGreaterThan(LEAST_POINTS);
    expect(counted('pre-start/once')).toBe(0);
    expect(counted('pre-start/migrate')).toBe(point);
    expect(counted('web.web-1')).toBe(point);
  }, 240_000);
});
