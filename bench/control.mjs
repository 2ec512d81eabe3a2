import { execFile } from 'node:child_process';
import { createHmac, randomUUID } from 'node:crypto';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { openRepository } from '../dist/sync/repository.js';
import { waitFor } from './engine.mjs';
import { serveGit } from './git-server.mjs';
import { api, masterOptions, startProcess } from './gridops-processes.mjs';
import { fixed, median, table } from './measure.mjs';
import { simulateAgents } from './simulated-agents.mjs';

const run = promisify(execFile);
const GRID = 'bench';
const SECRET = 'bench-secret';

/**
 * The master's control path with simulated agents: how long from a push to the first assignment at a node, what a commit
 * that changes nothing costs, how much memory agents take, and how fast all are back after the master was killed.
 */
export async function benchControl({ crowds, stacks, log }) {
  const results = [];
  for (const count of crowds) {
    log(`${count} agents`);
    results.push(await withMaster({ stacks }, async (world) => await measure(world, count, log)));
  }
  return results;
}

export function printControl(results) {
  const rows = results.map((one) => [
    one.agents,
    `${fixed(one.connectSeconds)} s`,
    `${fixed(one.rssMiB, 0)} MiB`,
    `${fixed(one.kibPerAgent, 1)} KiB`,
    `${fixed(one.backSeconds)} s`,
    `${fixed(one.dispatch.total, 0)} ms`,
    `${fixed(one.dispatch.git, 0)} ms`,
    `${fixed(one.dispatch.beyondGit, 0)} ms`,
    one.noop.messages,
    `${fixed(one.noop.cpuMilliseconds, 0)} ms`,
  ]);
  const head = [
    'agents',
    'connect',
    'RSS',
    'per agent',
    'all back',
    'webhook→assignment',
    "git's own",
    'beyond git',
    'no-op messages',
    'no-op CPU',
  ];
  return `Master with simulated agents (${results[0]?.stacks} stacks in the repository)\n${table([head, ...rows])}`;
}

async function measure(world, count, log) {
  const keyFile = join(world.data, 'master.key');
  const crowd = await simulateAgents({ count, grid: GRID, keyFile });
  try {
    const before = await rss(world.master.pid);
    const connectSeconds = await crowd.connect(world.socketUrl);
    await waitFor(
      async () => (await api(world.master, `grids/${GRID}`)).counts.nodesOnline === count,
      'all online',
      { seconds: 300, pause: 500 },
    );
    const after = await rss(world.master.pid);
    log('  connected');
    // The first deploy gives every node its share; from here on only changes are sent.
    await quiet(world, crowd);
    log('  settled');
    const dispatch = await measureDispatch(world, crowd);
    log('  dispatched');
    const noop = await measureNoop(world, crowd);
    log('  nothing changed');
    const backSeconds = await measureStorm(world, crowd, count);
    return {
      agents: count,
      stacks: world.stacks,
      connectSeconds,
      rssMiB: after,
      kibPerAgent: ((after - before) * 1_024) / count,
      backSeconds,
      dispatch,
      noop,
    };
  } finally {
    await crowd.stop();
  }
}

/**
 * From a signed webhook to the first assignment at an agent, and beside it what git alone takes to list and fetch that
 * commit from the same server.
 */
async function measureDispatch(world, crowd) {
  const totals = [];
  const gits = [];
  for (let round = 0; round < 7; round += 1) {
    await crowd.received();
    await world.change(round);
    const hooked = Date.now();
    await world.announce();
    let first = null;
    await waitFor(async () => {
      first ??= (await crowd.received()).firstAssignmentAt;
      return first !== null;
    }, 'an assignment');
    totals.push(first - hooked);
    const began = performance.now();
    await world.mirror.sync(new AbortController().signal);
    gits.push(performance.now() - began);
    await quiet(world, crowd);
  }
  const total = median(totals);
  const git = median(gits);
  return {
    total,
    git,
    beyondGit: median(totals.map((time, at) => time - gits[at])),
    rounds: totals.length,
  };
}

async function measureNoop(world, crowd) {
  await crowd.received();
  const before = await cpuMilliseconds(world.master.pid);
  const idle = await idleCpu(world.master.pid, 2_000);
  const head = await world.touchReadme();
  const began = performance.now();
  const start = await cpuMilliseconds(world.master.pid);
  await world.announce();
  await waitFor(async () => (await api(world.master, `grids/${GRID}`)).head === head, 'the head', {
    pause: 200,
  });
  const spent = (await cpuMilliseconds(world.master.pid)) - start;
  const elapsed = performance.now() - began;
  const { counts } = await crowd.received();
  const messages = Object.values(counts).reduce((sum, one) => sum + one, 0);
  return { messages, cpuMilliseconds: Math.max(0, spent - (idle * elapsed) / 2_000), before };
}

async function measureStorm(world, crowd, count) {
  process.kill(world.master.pid, 'SIGKILL');
  await world.restart();
  const seconds = await crowd.allBack(world.restartedAt);
  await waitFor(
    async () => (await api(world.master, `grids/${GRID}`)).counts.nodesOnline === count,
    'all back',
    { seconds: 300, pause: 500 },
  );
  return seconds;
}

/** No assignment for a second: whatever the last change caused has been sent. */
async function quiet(_world, crowd) {
  let silent = 0;
  while (silent < 5) {
    await new Promise((resolve) => setTimeout(resolve, 200));
    const { counts } = await crowd.received();
    silent = counts.assignment === undefined ? silent + 1 : 0;
  }
}

async function withMaster({ stacks }, use) {
  const directory = await mkdtemp(join(tmpdir(), 'gridops-bench-'));
  const data = join(directory, 'master');
  const origin = join(directory, 'origin.git');
  const repository = await createRepository({ directory, origin, stacks });
  const port = await freePort();
  const forge = await createForge();
  const git = await serveGit(directory);
  const { repositories, ...rest } = masterOptions({
    data,
    url: git.url('origin.git'),
    pollSeconds: 3_600,
  });
  const hosted = {
    forge: {
      kind: 'github',
      baseUrl: forge.url,
      auth: { kind: 'token', token: 'bench' },
      owner: 'bench',
      name: 'grids',
    },
    webhookSecrets: [SECRET],
  };
  const options = {
    ...rest,
    listen: { host: '127.0.0.1', port },
    repositories: [{ ...repositories[0], ...hosted }],
  };
  const world = {
    data,
    stacks,
    socketUrl: `ws://127.0.0.1:${port}`,
    master: await startProcess('master', options),
    restartedAt: 0,
    restart: async () => {
      world.restartedAt = Date.now();
      world.master = await startProcess('master', options);
    },
    announce: async () => await announce(world.master.ready.url),
    mirror: await openRepository({
      url: git.url('origin.git'),
      branch: 'main',
      directory: join(directory, 'mirror'),
      engine: 'auto',
      credentials: null,
      limits: {},
    }),
    ...repository,
  };
  await world.mirror.sync(new AbortController().signal);
  try {
    return await use(world);
  } finally {
    await world.mirror.close();
    await world.master.stop();
    await git.close();
    await forge.close();
    await rm(directory, { recursive: true, force: true });
  }
}

/** A forge that takes every status: what it does is not measured here. */
async function createForge() {
  const server = createHttpServer((request, response) => {
    request.resume().on('end', () => {
      response.writeHead(201, { 'content-type': 'application/json' }).end('{}');
    });
  });
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${server.address().port}`,
    close: async () => {
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function announce(master) {
  const repository = {
    id: 1,
    full_name: 'bench/grids',
    clone_url: 'https://example.com/bench/grids.git',
  };
  const after = 'a'.repeat(40);
  const body = JSON.stringify({ ref: 'refs/heads/main', before: after, after, repository });
  const signature = createHmac('sha256', SECRET).update(body).digest('hex');
  const answer = await fetch(`${master}/webhooks/github`, {
    method: 'POST',
    headers: {
      'content-type': 'application/json',
      'x-github-event': 'push',
      'x-github-delivery': randomUUID(),
      'x-hub-signature-256': `sha256=${signature}`,
    },
    body,
  });
  if (answer.status !== 202) throw new Error(`the webhook was answered with ${answer.status}`);
}

async function createRepository({ directory, origin, stacks }) {
  const work = join(directory, 'work');
  const git = async (...args) => (await run('git', ['-C', work, ...args])).stdout.trim();
  await run('git', ['init', '--quiet', '--bare', '--initial-branch=main', origin]);
  await run('git', ['init', '--quiet', '--initial-branch=main', work]);
  await git('config', 'user.name', 'bench');
  await git('config', 'user.email', 'bench@example.com');
  await git('remote', 'add', 'origin', origin);
  const grid = join(work, 'grids', GRID);
  await mkdir(grid, { recursive: true });
  await writeFile(join(grid, 'grid.yml'), 'deploy: {timeout: 1h}\n');
  for (let number = 1; number <= stacks; number += 1) await writeStack(grid, number, 'first');
  const push = async (message) => {
    await git('add', '--all');
    await git('commit', '--quiet', '--message', message);
    await git('push', '--quiet', '--set-upstream', 'origin', 'main');
    return await git('rev-parse', 'HEAD');
  };
  await push('first');
  return {
    change: async (round) => {
      await writeStack(grid, 1 + round, `round-${round}`);
      return await push(`round ${round}`);
    },
    touchReadme: async () => {
      const file = join(work, 'README.md');
      await writeFile(file, `${await readFile(file, 'utf8').catch(() => '')}.\n`);
      return await push('readme');
    },
  };
}

async function writeStack(grid, number, value) {
  const folder = join(grid, 'stacks', `stack-${number}`);
  await mkdir(folder, { recursive: true });
  await writeFile(
    join(folder, 'kontena.yml'),
    `stack: bench/stack-${number}\nservices:\n  web:\n    image: bench:1\n    instances: 2\n    environment:\n      VALUE: ${value}\n    deploy: {min_health: 0}\n`,
  );
}

async function freePort() {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function rss(pid) {
  const status = await readFile(`/proc/${pid}/status`, 'utf8');
  return Number(/^VmRSS:\s+(\d+)/m.exec(status)?.[1] ?? 0) / 1_024;
}

/** User and system time; Linux counts it in hundredths of a second. */
async function cpuMilliseconds(pid) {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8');
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  return (Number(fields[11]) + Number(fields[12])) * 10;
}

async function idleCpu(pid, milliseconds) {
  const before = await cpuMilliseconds(pid);
  await new Promise((resolve) => setTimeout(resolve, milliseconds));
  return (await cpuMilliseconds(pid)) - before;
}
