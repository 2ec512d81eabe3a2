import { createHash } from 'node:crypto';
import { createCompiler } from '../dist/manifest/compile.js';
import { fixed, median, table } from './measure.mjs';

/** Stacks of one grid: a grid has at most 5,000 files and folders. */
const GRID = 500;

/**
 * Compile time of a repository with many stack files of 40 lines: everything new, then one file new. As in the master, a grid
 * whose inputs are the same is not compiled. Beside it a loop that only walks over the same files and looks at what each of
 * them is.
 */
export function benchManifest({ sizes, rounds, log }) {
  return sizes.map((stacks) => {
    log(`${stacks} stack files`);
    const grids = aRepository(stacks);
    const times = { cold: [], changed: [], walk: [] };
    for (let round = 0; round < rounds; round += 1) {
      const compile = createCompile();
      times.cold.push(timed(() => compile(grids)));
      change(grids, round * 7 * GRID + round, `# round ${round}\n`);
      times.changed.push(timed(() => compile(grids)));
      times.walk.push(timed(() => walk(grids)));
    }
    const milliseconds = Object.fromEntries(
      Object.entries(times).map(([name, all]) => [name, median(all)]),
    );
    return { stacks, rounds, milliseconds, raw: times };
  });
}

export function printManifest(results) {
  const rows = results.map(({ stacks, milliseconds: { cold, changed, walk: bare } }) => [
    stacks,
    `${fixed(cold, 0)} ms`,
    `${fixed(changed, 1)} ms`,
    `${fixed(bare, 1)} ms`,
    `${fixed((changed / cold) * 100, 2)} %`,
  ]);
  const head = ['stack files', 'cold', 'one changed', 'bare walk', 'changed / cold'];
  return `Compile time\n${table([head, ...rows])}`;
}

function aRepository(stacks) {
  const grids = [];
  for (let at = 0; at < stacks; at += 1) {
    if (at % GRID === 0) {
      const name = `g${grids.length}`;
      grids.push({ name, inputs: 0, files: new Map([aFile(`grids/${name}/grid.yml`, '')]) });
    }
    change(grids, at, '');
  }
  return grids;
}

function change(grids, stack, more) {
  const at = stack % (grids.length * GRID);
  const grid = grids[Math.floor(at / GRID)];
  grid.inputs += 1;
  grid.files.set(...stackFile(grid.name, at, more));
}

/** Compiles the grids whose inputs are others than the last time. */
function createCompile() {
  const compiler = createCompiler();
  const seen = new Map();
  return (grids) => {
    for (const { name, inputs, files } of grids) {
      if (seen.get(name) === inputs) continue;
      seen.set(name, inputs);
      const { stacks, problems } = compiler.compile({ sha: 'a', inputs: `${inputs}`, files }, name);
      if (stacks.length !== files.size - 1 || problems.length > 0)
        throw new Error(`compiled ${stacks.length} stacks with ${problems.length} problems`);
    }
  };
}

function walk(grids) {
  let length = 0;
  for (const { files } of grids)
    for (const [path, file] of files) length += path.length + file.blob.length;
  return length;
}

function timed(act) {
  const began = performance.now();
  act();
  return performance.now() - began;
}

function aFile(path, text) {
  const blob = createHash('sha1').update(text).digest('hex');
  return [path, { kind: 'text', path, blob, text }];
}

function stackFile(grid, number, more) {
  const text = `stack: acme/s${number}
version: 1.0.${number}
variables:
  tag: {type: string, default: "1.${number}"}
  copies: {type: integer, default: 2}
services:
  web:
    image: registry.example.com/web:\${tag}
    instances: $copies
    environment:
      - NUMBER=${number}
      - LOG=info
      - DB=db.s${number}
    links: [db]
    deploy:
      strategy: ha
      wait_for_port: 8080
      min_health: 0.5
    health_check:
      protocol: http
      port: 8080
      uri: /healthz
      interval: 20
  db:
    image: postgres:16
    stateful: true
    volumes: [data:/var/lib/postgresql/data]
    environment:
      POSTGRES_DB: app
      POSTGRES_USER: app
    mem_limit: 512m
    stop_grace_period: 1m
  worker:
    image: registry.example.com/worker:\${tag}
    command: run --queue default
    links: [db]
    affinity: [label==workers]
    cpus: 0.5
volumes:
  data: {}
${more}`;
  return aFile(`grids/${grid}/stacks/s${number}/kontena.yml`, text);
}
