import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import Docker from 'dockerode';
import { defaultConcurrency } from '../dist/agent/lanes.js';
import { canInstall, install } from '../scripts/debian.mjs';
import { buildImage, docker, ids, startsOf, waitFor } from './engine.mjs';
import { api, masterOptions, startProcess } from './gridops-processes.mjs';
import { fixed, interleaved, median, ratios, table } from './measure.mjs';

const run = promisify(execFile);
const IMAGE = 'gridops-bench/sleep:1';
const GRID = 'bench';

/**
 * From the command a person types to the last container running, on one engine, side by side in one run: a plain loop of
 * `docker run`, gridops from `git push`, Swarm's service and stack, and docker-compose. The loop runs twice in each round:
 * the second one against the first is the control, and shows how far two equal things differ on this machine. The ceiling is
 * what this engine can do: gridops' very containers, made by nothing but calls to the engine.
 */
export async function benchDeploy({ sizes, log }) {
  await buildImage(IMAGE);
  const swarm = await ensureSwarm();
  const directory = await mkdtemp(join(tmpdir(), 'gridops-bench-'));
  const gridops = await startGridops(directory);
  const withCompose = await hasCompose();
  const results = [];
  try {
    for (const { count, rounds } of sizes) {
      const contenders = [
        { name: 'docker run loop', run: () => dockerRunLoop(count) },
        { name: 'docker run loop (control)', run: () => dockerRunLoop(count) },
        { name: 'gridops push', run: () => gridops.deploy(count) },
        { name: "the engine's ceiling", run: () => ceiling(count) },
        { name: 'docker service create', run: () => serviceCreate(count) },
        { name: 'docker stack deploy', run: () => stackDeploy(count, directory) },
        ...(withCompose
          ? [{ name: 'docker-compose up', run: () => composeUp(count, directory) }]
          : []),
      ];
      const times = await interleaved(contenders, rounds, (round) =>
        log(`${count} instances, round ${round + 1}`),
      );
      results.push({ count, rounds, times });
    }
  } finally {
    await gridops.stop();
    await rm(directory, { recursive: true, force: true });
    if (swarm.ours) await docker('swarm', 'leave', '--force');
  }
  return results;
}

export function printDeploy(results) {
  return results
    .map(({ count, rounds, times }) => {
      const rows = Object.entries(times).map(([name, own]) => [
        name,
        `${fixed(median(own))} s`,
        ...printRatio(own, times['docker run loop']),
      ]);
      const gridops = printRatio(times['gridops push'], times["the engine's ceiling"]);
      return [
        `From command to ${count} running (${rounds} rounds)`,
        table([['', 'median', 'ratio', 'range'], ...rows]),
        `gridops against the engine's ceiling: ${gridops.join(', range ')}`,
      ].join('\n');
    })
    .join('\n\n');
}

function printRatio(own, baseline) {
  const ratio = ratios(own, baseline);
  return [fixed(ratio.median), `${fixed(ratio.min)}-${fixed(ratio.max)}`];
}

async function timed(count, act, clear) {
  const starts = await startsOf(IMAGE, count);
  const began = performance.now();
  const [ended] = await Promise.all([starts.within(300), act()]);
  await clear();
  return (ended - began) / 1_000;
}

async function dockerRunLoop(count) {
  return await timed(
    count,
    async () => {
      for (let number = 0; number < count; number += 1)
        await docker('run', '--detach', '--label', 'gridops-bench=loop', IMAGE);
    },
    async () => await removeAll('label=gridops-bench=loop'),
  );
}

/** The container that gridops made of the stack `base`, again and again. With another node's label the agent leaves it alone. */
async function ceiling(count) {
  const engine = new Docker({ socketPath: '/var/run/docker.sock' });
  const { Config, HostConfig, NetworkSettings } = await engine
    .getContainer('base.sleep-1')
    .inspect();
  const Labels = { ...Config.Labels, 'io.gridops.node': 'ceiling' };
  const networks = Object.entries(NetworkSettings.Networks);
  const EndpointsConfig = Object.fromEntries(
    networks.map(([name, { Aliases }]) => [name, { Aliases }]),
  );
  const body = {
    ...Config,
    Hostname: '',
    Labels,
    HostConfig,
    NetworkingConfig: { EndpointsConfig },
  };
  let left = count;
  const lane = async () => {
    while (left > 0) {
      left -= 1;
      const container = await engine.createContainer(body);
      await container.start();
    }
  };
  return await timed(
    count,
    async () => await Promise.all(Array.from({ length: defaultConcurrency() }, lane)),
    async () => await removeAll('label=io.gridops.node=ceiling'),
  );
}

async function serviceCreate(count) {
  return await timed(
    count,
    async () =>
      await docker(
        'service',
        'create',
        '--detach',
        '--quiet',
        '--name',
        'gridops-bench',
        '--replicas',
        `${count}`,
        IMAGE,
      ),
    async () => {
      await docker('service', 'rm', 'gridops-bench');
      await nothingLeft('label=com.docker.swarm.service.name=gridops-bench');
    },
  );
}

async function stackDeploy(count, directory) {
  const file = join(directory, 'stack.yml');
  await writeFile(
    file,
    `version: "3.8"\nservices:\n  sleep:\n    image: ${IMAGE}\n    deploy: {replicas: ${count}}\n`,
  );
  return await timed(
    count,
    async () => await docker('stack', 'deploy', '--compose-file', file, 'gridops-bench'),
    async () => {
      await docker('stack', 'rm', 'gridops-bench');
      await nothingLeft('label=com.docker.stack.namespace=gridops-bench');
      await waitFor(
        async () =>
          (await docker('network', 'ls', '--quiet', '--filter', 'name=gridops-bench_')) === '',
        'removing the stack network',
      );
    },
  );
}

async function composeUp(count, directory) {
  const folder = join(directory, 'compose');
  await mkdir(folder, { recursive: true });
  const file = join(folder, 'docker-compose.yml');
  await writeFile(
    file,
    `version: "2.4"\nservices:\n  sleep:\n    image: ${IMAGE}\n    scale: ${count}\n`,
  );
  const compose = async (...args) =>
    await run('docker-compose', ['--project-name', 'gridops-bench', '--file', file, ...args]);
  return await timed(
    count,
    async () => await compose('up', '--detach'),
    async () => {
      await compose('down', '--timeout', '0');
    },
  );
}

async function startGridops(directory) {
  const origin = join(directory, 'origin.git');
  const work = join(directory, 'work');
  const git = async (...args) => await run('git', ['-C', work, ...args]);
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin]);
  await run('git', ['init', '--quiet', '--initial-branch=main', work]);
  await git('config', 'user.name', 'bench');
  await git('config', 'user.email', 'bench@example.com');
  await git('remote', 'add', 'origin', origin);
  const writeStack = async (name, count) => {
    const folder = join(work, 'grids', GRID, 'stacks', name);
    await mkdir(folder, { recursive: true });
    await writeFile(join(folder, 'kontena.yml'), stackFile(name, count));
  };
  // A grid of nothing at all would be held for a person's word, so one instance is always there.
  const commit = async (count) => {
    await rm(join(work, 'grids', GRID, 'stacks'), { recursive: true, force: true });
    await mkdir(join(work, 'grids', GRID), { recursive: true });
    await writeFile(join(work, 'grids', GRID, 'grid.yml'), 'prune: {budget: 100%}\n');
    await writeStack('base', 1);
    if (count > 0) await writeStack('load', count);
    await git('add', '--all');
    await git('commit', '--quiet', '--allow-empty', '--message', `${count} instances`);
  };
  await commit(0);
  await git('push', '--quiet', '--set-upstream', 'origin', 'main');

  const master = await startProcess(
    'master',
    masterOptions({ data: join(directory, 'master'), url: origin }),
  );
  const { token } = await api(master, 'tokens', {
    method: 'POST',
    body: JSON.stringify({ grid: GRID }),
  });
  const agent = await startProcess('agent', {
    master: master.ready.url.replace('http:', 'ws:'),
    joinToken: token,
    name: 'bench-1',
    labels: [],
    directory: join(directory, 'agent'),
    dockerSocket: '/var/run/docker.sock',
    publishAddress: '0.0.0.0',
    network: {
      mode: 'bridge',
      publicAddress: null,
      privateAddress: null,
      wireguardImage: '',
      hostsFile: '',
    },
  });
  const settled = async (running) =>
    await waitFor(
      async () => {
        const status = await api(master, `grids/${GRID}`);
        return status.converged && status.counts.ready === running + 1;
      },
      `${running} instances`,
      { seconds: 300 },
    );
  await waitFor(
    async () => (await api(master, `grids/${GRID}`)).counts.nodesOnline === 1,
    'the agent',
  );
  await settled(0);

  return {
    deploy: async (count) => {
      await commit(count);
      return await timed(
        count,
        async () => await git('push', '--quiet'),
        async () => {
          await settled(count);
          await commit(0);
          await git('push', '--quiet');
          await settled(0);
        },
      );
    },
    stop: async () => {
      await agent.stop();
      await master.stop();
      await removeAll(`label=io.kontena.grid.name=${GRID}`);
      await docker('network', 'rm', `gridops-${GRID}`).catch(() => undefined);
    },
  };
}

function stackFile(name, count) {
  return `stack: bench/${name}
services:
  sleep:
    image: ${IMAGE}
    instances: ${count}
    stop_signal: SIGKILL
`;
}

async function removeAll(filter) {
  const found = await ids(filter);
  if (found.length > 0) await docker('rm', '--force', ...found);
}

async function nothingLeft(filter) {
  await waitFor(async () => (await ids(filter)).length === 0, 'removing the containers', {
    seconds: 120,
  });
}

/** The distribution's docker-compose is installed where it can be; where not, its column says "not measured" by being away. */
async function hasCompose() {
  if (!(await isComposeThere()) && canInstall()) install(['docker-compose']);
  return await isComposeThere();
}

async function isComposeThere() {
  return await run('docker-compose', ['version', '--short']).then(
    () => true,
    () => false,
  );
}

/** Swarm's own commands need a swarm; one that is already there is used and left as it is. */
async function ensureSwarm() {
  const state = await docker('info', '--format', '{{.Swarm.LocalNodeState}}');
  if (state === 'active') return { ours: false };
  await docker('swarm', 'init', '--advertise-addr', '127.0.0.1');
  return { ours: true };
}
