import { fileURLToPath } from 'node:url';
import { importTypeScript } from '../scripts/type-script.mjs';
import { waitFor } from './engine.mjs';
import { fixed, interleaved, median, ratios, table } from './measure.mjs';
import { gridNetwork } from './network-grid.mjs';

const OURS = fileURLToPath(new URL('.', import.meta.url));

/**
 * Lookups from a container on the first host of a grid: of a neighbour's name at Docker's own resolver, and of a service with
 * an instance on each host at the agent, directly and by way of Docker's, as containers do.
 */
export async function benchNames({ rig, grid, rounds, seconds, log }) {
  const { nodeImage } = await importTypeScript('test/network/images.ts');
  const image = nodeImage();
  const host = rig.host(1);
  await host.load(image);
  const service = `web.app.${grid.grid}.kontena.local`;
  const server = grid.overlayAddress(1);
  await host.docker(['network', 'create', 'names']);
  const plain = await start(host, image.name, [
    '--network',
    'names',
    '--network-alias',
    'neighbour',
  ]);
  const ours = await start(host, image.name, ['--network', gridNetwork(), '--dns', server]);
  const contenders = [
    { name: "Docker's resolver", container: plain, at: '127.0.0.11', ask: 'neighbour' },
    { name: "the agent's", container: ours, at: server, ask: service },
    { name: "the agent's, by Docker's", container: ours, at: '127.0.0.11', ask: service },
  ].map(({ name, container, at, ask }) => ({
    name,
    run: async () => await lookUp(host, container, [at, `${seconds}`, ask]),
  }));
  for (const { name, run } of contenders) await waitFor(async () => await works(run), name);
  return await interleaved(contenders, rounds, (round) => log(`names, round ${round + 1}`));
}

export function printNames(figures) {
  const [[, docker]] = Object.entries(figures);
  const rows = Object.entries(figures).map(([name, own]) => [
    name,
    ...column(
      own,
      docker,
      ({ milliseconds }) => milliseconds,
      (value) => `${fixed(value, 3)} ms`,
    ),
    ...column(
      own,
      docker,
      ({ lookups }) => lookups,
      (value) => `${fixed(value, 0)}/s`,
    ),
  ]);
  const head = [
    'names',
    'one lookup',
    "to Docker's",
    'range',
    '32 at a time',
    "to Docker's",
    'range',
  ];
  return table([head, ...rows]);
}

function column(own, baseline, of, print) {
  const ratio = ratios(own.map(of), baseline.map(of));
  return [
    print(median(own.map(of))),
    fixed(ratio.median),
    `${fixed(ratio.min)}-${fixed(ratio.max)}`,
  ];
}

async function start(host, image, options) {
  const volume = ['--volume', `${OURS}:/bench:ro`];
  return await host.docker([
    'run',
    '--detach',
    '--init',
    ...volume,
    ...options,
    image,
    'sleep',
    '86400',
  ]);
}

async function lookUp(host, container, args) {
  return JSON.parse(
    await host.docker(['exec', container, 'node', '/bench/ask-names.mjs', ...args]),
  );
}

async function works(run) {
  return await run().then(
    () => true,
    () => false,
  );
}
