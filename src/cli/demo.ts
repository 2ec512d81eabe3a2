import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorMessage, GridError } from '../model/error.ts';
import { decodeReply } from '../protocol/api.ts';
import { DeployList, type DeploySummary } from '../protocol/deploy-api.ts';
import { InstanceList } from '../protocol/instance-api.ts';
import { Token } from '../protocol/token-api.ts';
import { Update } from '../protocol/update-api.ts';
import { type Client, createClient } from './client.ts';
import { DEMO_GRID, type Stage, setStage } from './demo-stage.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import type { Launch, RunningProcess } from './launch.ts';
import { paint, shortSha } from './output.ts';

/** Two nodes on one engine: each publishes its ports on a loopback address of its own. */
const NODES = [
  { name: 'node-1', publishAddress: '127.0.0.11' },
  { name: 'node-2', publishAddress: '127.0.0.12' },
] as const;
const WEB_PORT = 8080;
const COUNTER_PORT = 8081;

/** The whole product on this machine, until Ctrl-C: a grid repository, a master, two agents, real containers. */
export async function demo(io: Io, launch: Pick<Launch, 'master' | 'agent'>): Promise<ExitCode> {
  const say = (line: string): void => io.stdout(`${line}\n`);
  say('building the demo image from this machine’s own Node, and a grid repository');
  const stage = await setStage();
  const running: RunningProcess[] = [];
  // The engine that the docker command talks to.
  const dockerSocket = io.env['DOCKER_HOST'] ?? '/var/run/docker.sock';
  try {
    const master = await startMaster(stage, launch);
    running.push(master);
    const token = (await readFile(join(stage.directory, 'master', 'api-token'), 'utf8')).trim();
    const client = createClient({ url: master.url, token, io });
    for (const node of NODES)
      running.push(await startNode(node, { stage, client, launch, url: master.url, dockerSocket }));
    introduce(io, { stage, url: master.url, token });
    await follow(io, client);
    return EXIT.done;
  } finally {
    say('\ncleaning up');
    for (const process of running.toReversed()) await process.stop();
    await stage.clear();
  }
}

async function startMaster(stage: Stage, launch: Pick<Launch, 'master'>) {
  const options = {
    data: join(stage.directory, 'master'),
    publicUrl: null,
    repositories: [
      {
        name: 'demo',
        holds: 'grids' as const,
        usedBy: null,
        repository: { url: stage.origin, branch: 'main', engine: 'auto' as const, pollSeconds: 60 },
        forge: { kind: 'none' as const },
        webhookSecrets: [],
      },
    ],
    apiToken: null,
    logLevel: 'error' as const,
  };
  try {
    return await launch.master({ ...options, listen: { host: '127.0.0.1', port: 8080 } });
  } catch (error) {
    // The usual port is taken: any other one will do.
    if (!errorMessage(error).includes('EADDRINUSE')) throw error;
    return await launch.master({ ...options, listen: { host: '127.0.0.1', port: 0 } });
  }
}

async function startNode(
  node: (typeof NODES)[number],
  of: {
    stage: Stage;
    client: Client;
    launch: Pick<Launch, 'agent'>;
    url: string;
    dockerSocket: string;
  },
): Promise<RunningProcess> {
  const { token } = await of.client.post(Token, '/tokens', { grid: DEMO_GRID });
  return await of.launch.agent({
    master: [of.url],
    joinToken: token,
    name: node.name,
    labels: [],
    directory: join(of.stage.directory, node.name),
    dockerSocket: of.dockerSocket,
    publishAddress: node.publishAddress,
    imageKeep: 0,
    // Both nodes are on one engine: there is nothing to lay a network over.
    network: {
      mode: 'bridge',
      publicAddress: null,
      privateAddress: null,
      wireguardImage: '',
      hostsFile: '',
    },
    logLevel: 'error',
  });
}

function introduce(io: Io, of: { stage: Stage; url: string; token: string }): void {
  const { bold, cyan, dim } = paint(io);
  const stack = 'grids/demo/stacks/web/kontena.yml';
  const urls = NODES.map((node) => cyan(`http://${node.publishAddress}:${WEB_PORT}/`)).join('  ');
  io.stdout(`
  ${bold('web')}         ${urls}
  ${bold('dashboard')}   ${cyan(of.url)}  ${dim(`log in with ${of.token}`)}
  ${bold('repository')}  ${of.stage.workTree}

  In another terminal:  ${bold(`cd ${of.stage.workTree}`)}

  1. edit and push    ${dim(`sed -i 's/Hello from gridops/Good morning/' ${stack}`)}
                      ${dim("git commit -am 'Greet the morning' && git push")}
  2. take it back     ${dim('git revert --no-edit HEAD && git push')}
  3. break the file   ${dim(`sed -i 's/instances:/instnces:/' ${stack}`)}
                      ${dim("git commit -am 'A slip' && git push")}

  What becomes of each commit is shown here. Ctrl-C ends the demo and removes all of it.

`);
}

/** Prints what becomes of each commit until Ctrl-C. */
async function follow(io: Io, client: Client): Promise<void> {
  const printed = new Map<string, string>();
  let counterAt = '';
  try {
    const seen = await client.get(DeployList, `/grids/${DEMO_GRID}/deploys`).catch(() => null);
    for (const deploy of (seen?.deploys ?? []).toReversed()) print(io, printed, deploy);
    for await (const message of await client.stream(`/events/stream?grid=${DEMO_GRID}`, null)) {
      const update = message.event === 'deploy' ? decodeUpdate(message.data) : null;
      if (update?.kind !== 'deploy') continue;
      print(io, printed, update.deploy);
      if (update.deploy.phase === 'succeeded')
        counterAt = await printCounter(io, client, counterAt);
    }
  } catch (error) {
    if (!io.stop.aborted) throw error;
  }
  if (!io.stop.aborted)
    throw new GridError({ code: 'internal', message: 'the master closed the event stream' });
}

/** The stateful service runs on one node only, which the planner chose. */
async function printCounter(io: Io, client: Client, known: string): Promise<string> {
  const { instances } = await client.get(InstanceList, `/grids/${DEMO_GRID}/instances`);
  const counter = instances.find((instance) => instance.service === 'counter');
  const node = NODES.find((one) => one.name === counter?.node);
  const url = node === undefined ? '' : `http://${node.publishAddress}:${COUNTER_PORT}/count`;
  if (url === known || url === '') return known;
  const { dim, cyan } = paint(io);
  io.stdout(`${dim('          counter at')} ${cyan(url)}\n`);
  return url;
}

function decodeUpdate(text: string) {
  return decodeReply(Update, JSON.parse(text) as unknown);
}

/** One line for each state that a commit reaches. */
function print(io: Io, printed: Map<string, string>, deploy: DeploySummary): void {
  const { green, red, yellow, dim, bold } = paint(io);
  const { updated, wanted } = deploy.progress;
  const states: Readonly<Record<DeploySummary['phase'], string>> = {
    queued: yellow('pending'),
    planning: yellow('pending'),
    running: yellow(`pending  ${updated}/${wanted} instances updated`),
    held: yellow(`pending  held: ${deploy.message}`),
    succeeded: green(
      `success  ${wanted === 0 ? 'nothing to change' : `${wanted} instances as desired`}`,
    ),
    failed: red(`failure  ${deploy.message}`),
    superseded: dim('superseded by a newer commit'),
  };
  const line = states[deploy.phase];
  if (printed.get(deploy.id) === line) return;
  printed.set(deploy.id, line);
  const time = dim(new Date(io.clock.now()).toLocaleTimeString());
  io.stdout(`${time}  ${bold(shortSha(deploy.sha))}  ${line}\n`);
}
