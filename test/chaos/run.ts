import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { until } from '../network/rig/until.ts';
import { Branch, firstFiles } from './branch.ts';
import { placeForeign } from './foreign.ts';
import { Helper } from './helper.ts';
import { type Evidence, INVARIANTS, volumesOn } from './invariants.ts';
import { JournalLoad } from './journal-load.ts';
import { MovedClock } from './moved-clock.ts';
import { processFigures } from './processes.ts';
import { Scene } from './scene.ts';
import { type Schedule, scheduleOf } from './schedule.ts';
import { type Outcome, tally } from './tally.ts';
import { perform } from './timeline.ts';
import { Watch } from './watch.ts';
import { WebLoad } from './web-load.ts';
import { ENTRANCES, JOURNAL_HOST, JOURNAL_PORT } from './wish.ts';

const HOSTS = 3;
const FIRST_DEPLOY_MS = 120_000;
/** After the last fault, with clients: backoffs that have grown during a run are at most five minutes. */
const LAST_DEPLOY_MS = 360_000;
const SEEN_WELL_MS = 60_000;

type Say = (line: string) => void;

export interface RunOptions {
  readonly seed: number;
  /** How long faults are made. Coming up before and settling after take about a minute more. */
  readonly seconds: number;
  readonly say: Say;
}

/** A whole run. Resolves to whether every invariant held; all that a person wants to know has been said. */
export async function runChaos({ seed, seconds, say }: RunOptions): Promise<boolean> {
  const schedule = scheduleOf({ seed, milliseconds: seconds * 1_000, hosts: HOSTS });
  const { faults, pushes } = schedule;
  say(`seed ${seed}: ${faults.length} faults and ${pushes.length} commits in ${seconds} s`);
  if (!MovedClock.isThere) say('no libfaketime (Debian: faketime), so no clock is moved');
  const folder = await mkdtemp(path.join(tmpdir(), 'gridops-chaos-'));
  const scene = await Scene.up({ hosts: HOSTS, folder, files: firstFiles });
  let isWell = false;
  try {
    isWell = await play(scene, schedule, say);
  } finally {
    if (!isWell) await scene.saveLogs();
    await scene.down();
    if (isWell) await rm(folder, { recursive: true });
    else say(`logs: ${folder}\nagain: npm run chaos -- --seed ${seed} --minutes ${seconds / 60}`);
  }
  return isWell;
}

async function play(scene: Scene, schedule: Schedule, say: Say): Promise<boolean> {
  const first = await scene.world.work.head();
  await scene.world.final(first, FIRST_DEPLOY_MS);
  const branch = new Branch(scene.world, Scene.images, first);
  const [foreign, volumes] = [await foreignOf(scene), await volumesOf(scene)];
  const clients = startClients(scene);
  const watch = new Watch(scene.world, branch);
  const clocked = withClock(say);
  const skipped = await perform({ scene, branch, watch, say: clocked }, schedule);

  const last = await branch.push('migrated');
  clocked(`all faults are over; commit ${last.slice(0, 7)}: the last one`);
  const helper = new Helper(scene, clocked);
  await scene.world.final(last, LAST_DEPLOY_MS).catch((error: Error) => clocked(error.message));
  const outcomes = await outcomesOf(schedule, skipped, watch);
  await Promise.all([watch.stop(), clients.web.stop(), clients.journal.stop()]);
  const { early } = watch;
  const evidence = { scene, branch, foreign, volumes, early, journal: clients.journal };
  const isWell = (await hold(evidence, clocked)) && everyOneSurvived(outcomes);
  await helper.stop();

  const { answered, lost } = clients.web.answers;
  say(`\n${tally(outcomes)}\n`);
  say(`${branch.commits.length} commits; ${clients.journal.acknowledged} writes acknowledged`);
  say(`requests while all of this happened: ${answered} answered, ${lost} lost`);
  for (const figure of processFigures(scene)) say(figure);
  return isWell;
}

interface Clients {
  readonly web: WebLoad;
  readonly journal: JournalLoad;
}

function startClients({ rig }: Scene): Clients {
  const { address } = rig.host(JOURNAL_HOST);
  return {
    web: new WebLoad(ENTRANCES.map((number) => rig.host(number).address)),
    journal: new JournalLoad(`http://${address}:${JOURNAL_PORT}`),
  };
}

async function foreignOf({ rig }: Scene): Promise<Evidence['foreign']> {
  const all = new Map<number, string>();
  for (const host of rig.hosts) all.set(host.number, await placeForeign(host));
  return all;
}

async function volumesOf(scene: Scene): Promise<Evidence['volumes']> {
  const all = new Map<number, readonly string[]>();
  for (const { number } of scene.rig.hosts) all.set(number, await volumesOn(scene, number));
  return all;
}

/** What was mended last may need a moment more to be seen well. */
async function outcomesOf(
  { faults }: Schedule,
  skipped: Awaited<ReturnType<typeof perform>>,
  { recoveries }: Watch,
): Promise<readonly Outcome[]> {
  const made = faults.filter((fault) => !skipped.has(fault));
  const seen = until(() => recoveries.size === made.length, 'all to be well', SEEN_WELL_MS);
  await seen.catch(() => undefined);
  return faults.map((fault) => ({
    fault,
    skipped: skipped.get(fault) ?? null,
    recovery: recoveries.get(fault) ?? null,
  }));
}

async function hold(evidence: Evidence, say: Say): Promise<boolean> {
  let all = true;
  for (const { name, faults } of INVARIANTS) {
    const found = await faults(evidence);
    say(found.length === 0 ? `holds: ${name}` : `BROKEN: ${name}\n  ${found.join('\n  ')}`);
    all &&= found.length === 0;
  }
  return all;
}

function everyOneSurvived(outcomes: readonly Outcome[]): boolean {
  return outcomes.every(({ skipped, recovery }) => skipped !== null || recovery !== null);
}

function withClock(say: Say): Say {
  const began = Date.now();
  return (line) => say(`${((Date.now() - began) / 1_000).toFixed(1).padStart(6)} s  ${line}`);
}
