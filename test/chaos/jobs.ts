import type { InstanceStatus } from '../../src/protocol/instance-api.ts';
import type { JobList, JobStatus } from '../../src/protocol/job-api.ts';
import type { World } from '../support/world.ts';
import type { Branch } from './branch.ts';
import { dockerOn } from './containers.ts';
import { migrationFaults, tickFaults } from './job-runs.ts';
import type { Scene } from './scene.ts';
import { MIGRATION, type ScheduledAs, TICK } from './wish.ts';

/** What is wrong with the runs of the jobs, by what the master knows and by what their containers have left. */
export async function jobFaults(scene: Scene, branch: Branch): Promise<readonly string[]> {
  const { jobs } = await jobsOf(scene.world);
  const [ticks, migrations] = [await tracesOf(scene, TICK), await tracesOf(scene, MIGRATION)];
  return [
    ...tickFaults(runsOf(jobs, TICK), ticks),
    ...migrationFaults(runsOf(jobs, MIGRATION), migrations, branch.wish.migration),
  ];
}

/** Instances that serve although the migration that they need has not succeeded. Jobs have to be asked for after them. */
export function earlyOnes(
  instances: readonly InstanceStatus[],
  jobs: readonly JobStatus[],
  branch: Branch,
): readonly string[] {
  const done = new Set(
    runsOf(jobs, MIGRATION)
      .filter(({ outcome }) => outcome === 'succeeded')
      .map(({ revision }) => branch.wishOf(revision)?.migration),
  );
  return instances
    .filter(({ service, containerId }) => service === 'web' && containerId !== null)
    .flatMap(({ number, revision }) => {
      const needed = branch.wishOf(revision ?? '')?.migration;
      return needed === undefined || done.has(needed)
        ? []
        : [`app/web-${number} serves before migration ${needed} has succeeded`];
    });
}

export async function jobsOf(world: World): Promise<JobList> {
  return await world.api<JobList>(`grids/${world.grid}/jobs`);
}

function runsOf(jobs: readonly JobStatus[], { service }: ScheduledAs): JobStatus['runs'] {
  return jobs.find((one) => one.service === service)?.runs ?? [];
}

/** The lines that the job's containers have written into its volume. */
async function tracesOf(scene: Scene, { host, volume }: ScheduledAs): Promise<readonly string[]> {
  const on = scene.rig.host(host);
  const names = await dockerOn(on, ['volume', 'ls', '--quiet', '--filter', `name=${volume}`]);
  const [name = ''] = names.split('\n');
  if (name === '') return [];
  const where = await dockerOn(on, ['volume', 'inspect', '--format', '{{.Mountpoint}}', name]);
  const { stdout } = await on.attempt(['cat', `${where}/runs`]);
  return stdout.split('\n').filter((line) => line !== '');
}
