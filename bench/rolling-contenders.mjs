import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { canInstall, install } from '../scripts/debian.mjs';
import { importTypeScript } from '../scripts/type-script.mjs';
import { waitFor } from './engine.mjs';

const run = promisify(execFile);

const STACK = 'rolling';
const SWARM_PORT = 8_081;
const COMPOSE_PORT = 8_082;

/** Answers after a moment, keeps connections, and on SIGTERM finishes what it has begun and says so on each connection. */
const APP = `import { createServer } from 'node:http';
let isOver = false;
const server = createServer((request, response) => {
  if (isOver) response.setHeader('connection', 'close');
  setTimeout(() => response.end(process.env.TEXT), 5);
});
server.listen(80);
process.once('SIGTERM', () => {
  isOver = true;
  setTimeout(() => server.close(() => process.exit(0)), 1_000);
});
`;

/** What people put in front of docker-compose, with the checks and the retries that its manual advises. */
const PROXY = `global
defaults
  mode http
  timeout connect 1s
  timeout client 30s
  timeout server 30s
  option redispatch
  retries 3
  retry-on all-retryable-errors
resolvers docker
  nameserver engine 127.0.0.11:53
  hold valid 500ms
frontend all
  bind :80
  default_backend web
backend web
  option httpchk GET /
  server-template web 4 web:80 check inter 500ms fall 1 rise 1 resolvers docker init-addr none
`;

/** `start` gets a rig of one host and resolves to the service's `url`, a `deploy` of a version, and `stop`. */
export const CONTENDERS = [
  { name: 'gridops, from git push', start: startGridops },
  { name: 'docker stack deploy', start: startSwarm },
  { name: 'docker-compose up', start: startCompose },
];

async function startGridops(rig) {
  await promisify(execFile)(process.execPath, ['scripts/forge-document.mjs']);
  const { NetworkWorld } = await importTypeScript('test/network/network-world.ts');
  const { lbImage, wireguardImage } = await importTypeScript('test/network/images.ts');
  const app = await appImage();
  await rig.load(app, lbImage(), wireguardImage());
  const files = (text) => ({ 'stacks/app/kontena.yml': gridopsStack(app.name, text) });
  const lb = `stack: bench/lb
expose: lb
services:
  lb:
    image: ${lbImage().name}
    ports: ["80:80"]
    deploy: {strategy: daemon, wait_for_port: 80}
    environment: [KONTENA_LB_HEALTH_URI=/__health]
`;
  const grid = await NetworkWorld.start(rig, {
    files: { 'grid.yml': '{}\n', 'stacks/lb/kontena.yml': lb, ...files('version-0') },
    agentArgs: () => ['--wireguard-image', wireguardImage().name],
  });
  await grid.startAgents(...rig.hosts);
  return {
    url: `http://${rig.host(1).address}/`,
    deploy: async (text) => {
      const sha = await grid.world.push(files(text));
      const { state, description } = await grid.world.final(sha, 120_000);
      if (state !== 'success') throw new Error(description);
    },
    stop: async () => {
      await grid.stop();
      await removeAll(rig.host(1));
    },
  };
}

function gridopsStack(image, text) {
  return `stack: bench/app
services:
  web:
    image: ${image}
    instances: 2
    links: [lb/lb]
    deploy: {wait_for_port: 80, min_health: 0.5}
    stop_grace_period: 5s
    environment: {TEXT: ${text}, KONTENA_LB_VIRTUAL_PATH: /, KONTENA_LB_INTERNAL_PORT: 80}
`;
}

async function startSwarm(rig, folder) {
  const host = rig.host(1);
  const [image, proxy] = [await appImage(), await proxyImage()];
  await rig.load(image, proxy);
  await host.docker(['swarm', 'init', '--advertise-addr', host.address]);
  const file = join(folder, 'stack.yml');
  const deploy = async (text) => {
    await writeFile(file, swarmStack({ image, proxy, text }));
    await host.docker(['stack', 'deploy', '--compose-file', file, STACK]);
    await waitFor(async () => await isSwarmDone(host), 'the update of the Swarm service', {
      seconds: 180,
    });
  };
  await deploy('version-0');
  return {
    url: `http://${host.address}:${SWARM_PORT}/`,
    deploy,
    stop: async () => {
      await host.docker(['stack', 'rm', STACK]);
      await removeAll(host);
      await host.docker(['swarm', 'leave', '--force']);
    },
  };
}

/** Behind the same proxy as docker-compose: Swarm's own routing needs IPVS, which not every kernel has. */
function swarmStack({ image, proxy, text }) {
  return `version: "3.8"
services:
  proxy:
    image: ${proxy.name}
    ports: [{target: 80, published: ${SWARM_PORT}, mode: host}]
  web:
    image: ${image.name}
    environment: {TEXT: ${text}}
    stop_grace_period: 5s
    healthcheck: {test: wget -qO- http://127.0.0.1/, interval: 1s, retries: 3}
    deploy:
      replicas: 2
      endpoint_mode: dnsrr
      update_config: {order: start-first, parallelism: 1, delay: 0s, monitor: 1s}
`;
}

async function isSwarmDone(host) {
  const format = ['--format', '{{with .UpdateStatus}}{{.State}}{{end}}'];
  const state = await host.docker(['service', 'inspect', ...format, `${STACK}_web`]);
  const filter = ['--filter', `name=${STACK}_web`];
  const replicas = await host.docker(['service', 'ls', ...filter, '--format', '{{.Replicas}}']);
  return (state === '' || state === 'completed') && replicas === '2/2';
}

async function startCompose(rig, folder) {
  if (!(await hasCompose()) && canInstall()) install(['docker-compose']);
  const host = rig.host(1);
  const [image, proxy] = [await appImage(), await proxyImage()];
  await rig.load(image, proxy);
  const file = join(folder, 'docker-compose.yml');
  const compose = async (...args) =>
    await run('docker-compose', ['--project-name', STACK, '--file', file, ...args], {
      env: { ...process.env, DOCKER_HOST: `unix://${host.socket}` },
    });
  const deploy = async (text) => {
    await writeFile(file, composeFile({ image, proxy, text }));
    await compose('up', '--detach');
  };
  await deploy('version-0');
  return {
    url: `http://${host.address}:${COMPOSE_PORT}/`,
    deploy,
    stop: async () => await compose('down', '--timeout', '1'),
  };
}

function composeFile({ image, proxy, text }) {
  return `version: "2.4"
services:
  proxy:
    image: ${proxy.name}
    ports: ["${COMPOSE_PORT}:80"]
  web:
    image: ${image.name}
    scale: 2
    environment: {TEXT: ${text}}
    stop_grace_period: 5s
`;
}

async function hasCompose() {
  return await run('docker-compose', ['version', '--short']).then(
    () => true,
    () => false,
  );
}

async function appImage() {
  const { archiveOf, RootFs } = await imageTools();
  const root = new RootFs().busybox().programs(process.execPath).text('app.mjs', APP);
  const config = { Cmd: [process.execPath, '/app.mjs'], Env: ['PATH=/usr/bin:/bin'] };
  return archiveOf({ name: 'gridops-bench/web:1', root, config });
}

async function proxyImage() {
  const { archiveOf, RootFs } = await imageTools();
  const root = new RootFs().programs('haproxy').text('proxy.cfg', PROXY);
  const config = { Cmd: ['haproxy', '-f', '/proxy.cfg'], Env: ['PATH=/usr/sbin:/usr/bin'] };
  return archiveOf({ name: 'gridops-bench/proxy:1', root, config });
}

async function imageTools() {
  const { archiveOf } = await importTypeScript('test/network/image/archive.ts');
  const { RootFs } = await importTypeScript('test/network/image/root-fs.ts');
  return { archiveOf, RootFs };
}

async function removeAll(host) {
  const ids = await host.docker(['ps', '--all', '--quiet']);
  if (ids !== '') await host.docker(['rm', '--force', ...ids.split('\n')]);
}
