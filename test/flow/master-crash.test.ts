import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/runtime/clock.ts';
import { CrashingProcess } from '../support/crashing.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { eventually, startWorld, type World } from '../support/world.ts';

/** Fewer would mean that the effects are not counted any more. */
const LEAST_POINTS = 20;

let world: World;
let engine: FakeEngine;
let master: CrashingProcess;
let crashAtStart: number;

beforeEach(async () => {
  engine = new FakeEngine({ clock: systemClock, images: { 'demo:1': { listensAfter: 0 } } });
  crashAtStart = 0;
  world = await startWorld({
    nodes: ['node-1', 'node-2'],
    files: { 'grid.yml': '', ...files(0) },
    agentPorts: () => ({ containers: engine, engine, probes: engine }),
    launchMaster: launch,
  });
  await world.final(await world.work.head());
});

afterEach(async () => {
  const { violations } = world.github;
  await world.stop();
  expect(violations).toEqual([]);
});

async function launch(options: object) {
  const started = await CrashingProcess.start('master', options, crashAtStart);
  if (started === null) throw new Error('killed');
  master = started.process;
  return { url: started.url, stop: async () => await started.process.kill() };
}

const files = (round: number) => ({
  'stacks/web/kontena.yml': `stack: test/web
services:
  web:
    image: demo:1
    instances: 2
    environment: {ROUND: "${round}"}
    deploy: {wait_for_port: 8080}
`,
});

/** The deploy of a commit ended well, was told one verdict, and each of its two containers was made and started once. */
async function expectOnce(of: { sha: string; before: number; where: string }): Promise<void> {
  expect(await world.final(of.sha), of.where).toMatchObject({ state: 'success' });
  // One that the forge took in the moment of the crash is told again: the same words are one verdict.
  const verdicts = world.github.statuses(of.sha).filter(({ state }) => state !== 'pending');
  const words = verdicts.map(({ state, description }) => `${state}: ${description}`);
  expect(new Set(words).size, of.where).toBe(1);
  expect(world.github.statuses(of.sha).at(-1)?.state, of.where).not.toBe('pending');
  const journal = engine.journal.slice(of.before);
  const count = (operation: string): number =>
    journal.filter((entry) => entry.startsWith(`${operation} `)).length;
  expect({ create: count('create'), start: count('start') }, of.where).toEqual({
    create: 2,
    start: 2,
  });
}

afterAll(() => CrashingProcess.endSpares());

describe('a master that is killed', () => {
  it('between any two effects of a deploy loses nothing and repeats nothing that was done', async () => {
    let point = 0;
    for (let survived = false; !survived; ) {
      point += 1;
      const before = engine.journal.length;
      master.arm(point);
      const sha = await world.push(files(point));

      await Promise.race([world.final(sha), master.gone]);
      survived = master.isAlive;
      if (!survived) await world.startMaster();

      await expectOnce({ sha, before, where: `killed before effect ${point}` });
    }
    expect(point).toBeGreaterThan(LEAST_POINTS);
  }, 600_000);

  it('again and again while it starts takes the commit that came meanwhile to its end', async () => {
    const before = engine.journal.length;
    await world.stopMaster();
    const sha = await world.push(files(1));

    await eventually(
      async () => {
        crashAtStart += 1;
        return await world.startMaster().then(
          () => true,
          () => null,
        );
      },
      'a start that survives',
      120_000,
    );
    master.arm(0);

    await eventually(
      async () => {
        if (!master.isAlive) {
          crashAtStart = 0;
          await world.startMaster();
        }
        return world.github.statuses(sha).some(({ state }) => state === 'success') ? true : null;
      },
      'success',
      60_000,
    );
    await expectOnce({ sha, before, where: `${crashAtStart} starts` });
  }, 200_000);
});
