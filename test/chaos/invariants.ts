import path from 'node:path';
import { until } from '../network/rig/until.ts';
import type { Branch } from './branch.ts';
import { containersOn, dockerOn } from './containers.ts';
import { containerFaults, repeatedDeploys } from './deploy-faults.ts';
import { expectForeign } from './foreign.ts';
import { jobFaults } from './jobs.ts';
import type { JournalLoad } from './journal-load.ts';
import { processFaults } from './processes.ts';
import type { Scene } from './scene.ts';
import { statusesOf, statusFaults } from './statuses.ts';
import { storeFaults, unsent } from './store-faults.ts';
import { sightOf } from './watch.ts';
import { ask } from './web-load.ts';
import { ENTRANCES, textOf, wantedBy } from './wish.ts';

export interface Evidence {
  readonly scene: Scene;
  readonly branch: Branch;
  readonly journal: JournalLoad;
  /** By host: what is not ours, before the run. */
  readonly foreign: ReadonlyMap<number, string>;
  /** By host: names of volumes, before the run. */
  readonly volumes: ReadonlyMap<number, readonly string[]>;
  /** What served before the migration that it needs. */
  readonly early: readonly string[];
}

/** From the last fault on. Backoffs that have grown during a run are at most five minutes. */
const CONVERGE_MS = 360_000;
const TELL_MS = 120_000;
const ANSWERS = 20;

interface Invariant {
  readonly name: string;
  readonly faults: (of: Evidence) => Promise<readonly string[]> | readonly string[];
}

/** What holds after every run, in the order in which it is looked at. */
export const INVARIANTS: readonly Invariant[] = [
  { name: 'converged to the last commit', faults: converged },
  { name: 'each instance runs once, as wanted, and no other', faults: instancesAsWanted },
  { name: 'every entrance answers, with the last version', faults: answersAsWanted },
  { name: 'every commit has one verdict, and it is final', faults: oneVerdictEach },
  { name: 'no commit was deployed twice', faults: ({ scene }) => repeatedDeploys(scene.world) },
  {
    name: 'no run of a job was doubled, and each migration came first, once',
    faults: async ({ scene, branch, early }) => [...early, ...(await jobFaults(scene, branch))],
  },
  { name: 'nothing is left to be told', faults: outboxEmpty },
  { name: 'every acknowledged write is there, once', faults: ({ journal }) => journal.faults() },
  { name: 'no volume was lost', faults: volumesKept },
  { name: 'nothing foreign was touched', faults: foreignKept },
  {
    name: 'one agent a host; files, sockets, memory bounded',
    faults: ({ scene }) => processFaults(scene),
  },
  { name: 'the store is whole', faults: ({ scene }) => storeFaults(storeOf(scene)) },
  {
    name: 'the forge saw nothing that no correct client does',
    faults: ({ scene }) => scene.world.github.violations,
  },
];

export async function volumesOn(scene: Scene, host: number): Promise<readonly string[]> {
  const own = ['--filter', 'label=io.kontena.grid.name'];
  const names = await dockerOn(scene.rig.host(host), ['volume', 'ls', '--quiet', ...own]);
  return names === '' ? [] : names.split('\n').toSorted();
}

async function converged({ scene, branch }: Evidence): Promise<readonly string[]> {
  const wanted = branch.commits.at(-1) ?? '';
  let said = 'the master does not answer';
  const reached = until(
    async () => {
      const sight = await sightOf(scene.world);
      if (sight === null) return false;
      const { head, deployed, converged: isDone, counts } = sight.grid;
      said = JSON.stringify(sight.grid);
      const isThere = head === wanted && deployed === wanted;
      return isThere && isDone && counts.ready === counts.wanted && counts.failing === 0;
    },
    'the grid to converge',
    CONVERGE_MS,
  );
  return await reached.then(
    () => [],
    () => [`not within ${CONVERGE_MS / 1_000} s: ${said}`],
  );
}

async function instancesAsWanted({ scene, branch }: Evidence): Promise<readonly string[]> {
  const grid = scene.world.grid;
  const wanted = wantedBy(branch.wish);
  let faults: readonly string[] = [];
  const as = until(
    async () => {
      const found = await Promise.all(
        scene.rig.hosts.map(async (host) => await containersOn(host, grid)),
      );
      faults = containerFaults(found.flat(), wanted);
      return faults.length === 0;
    },
    'the containers',
    // The old ones of the last deploy are on their way out when it has succeeded.
    20_000,
  );
  return await as.then(
    () => [],
    () => faults,
  );
}

async function answersAsWanted({ scene, branch }: Evidence): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const entrance of ENTRANCES)
    for (let turn = 0; turn < ANSWERS; turn += 1) {
      const answer = (await ask(`http://${scene.rig.host(entrance).address}/`))?.trim() ?? null;
      if (answer !== textOf(branch.wish)) faults.push(`h${entrance} answers ${answer}`);
    }
  return [...new Set(faults)];
}

/** What the forge could not deliver is sent again, as GitHub's page lets a person do: then each commit was heard of. */
async function oneVerdictEach({ scene, branch }: Evidence): Promise<readonly string[]> {
  const { github } = scene.world;
  const lost = new Map(github.deliveries.map((delivery) => [delivery.guid, delivery]));
  for (const { id, statusCode } of lost.values())
    if (statusCode < 200 || statusCode > 299) github.redeliver(id);
  await github.settled();
  const all = (): readonly string[] =>
    branch.commits.flatMap((sha) => statusFaults(statusesOf(scene.world, sha), sha));
  const told = until(() => all().length === 0, 'a verdict for every commit', TELL_MS);
  return await told.then(
    () => [],
    () => all(),
  );
}

async function outboxEmpty({ scene }: Evidence): Promise<readonly string[]> {
  const left = () => unsent(storeOf(scene));
  const sent = until(() => left().length === 0, 'the outbox to be empty', TELL_MS);
  return await sent.then(
    () => [],
    () => left(),
  );
}

async function volumesKept({ scene, volumes }: Evidence): Promise<readonly string[]> {
  const faults: string[] = [];
  for (const [host, before] of volumes) {
    const now = await volumesOn(scene, host);
    for (const volume of before)
      if (!now.includes(volume))
        faults.push(`h${host} had ${volume}, and now has ${now.join(', ')}`);
  }
  return faults;
}

async function foreignKept({ scene, foreign }: Evidence): Promise<readonly string[]> {
  const all = await Promise.all(
    [...foreign].map(async ([host, before]) => await expectForeign(scene.rig.host(host), before)),
  );
  return all.flat();
}

function storeOf(scene: Scene): string {
  return path.join(scene.master.disk.folder, 'gridops.db');
}
