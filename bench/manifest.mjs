import { createHash } from 'node:crypto';
import { createCompiler } from '../dist/manifest/compile.js';
import { fixed, median, table } from './measure.mjs';

/**
 * Compile time of one grid with many stack files of 40 lines: everything new, nothing new, and one file new. Beside it a loop
 * that only walks over the same files and looks at what each of them is: nobody can know less.
 */
export function benchManifest({ sizes, rounds, log }) {
  return sizes.map((stacks) => {
    log(`${stacks} stack files`);
    const files = new Map([aFile('grids/big/grid.yml', '')]);
    for (let at = 0; at < stacks; at += 1) files.set(...stackFile(at));
    const times = { cold: [], same: [], changed: [], walk: [] };
    for (let round = 0; round < rounds; round += 1) {
      const compiler = createCompiler();
      times.cold.push(timed(() => compile(compiler, files, stacks)));
      times.same.push(timed(() => compile(compiler, files, stacks)));
      files.set(...stackFile(round % stacks, `# round ${round}\n`));
      times.changed.push(timed(() => compile(compiler, files, stacks)));
      times.walk.push(timed(() => walk(files)));
    }
    const milliseconds = Object.fromEntries(
      Object.entries(times).map(([name, all]) => [name, median(all)]),
    );
    return { stacks, rounds, milliseconds, raw: times };
  });
}

export function printManifest(results) {
  const rows = results.map(({ stacks, milliseconds: { cold, same, changed, walk: bare } }) => [
    stacks,
    `${fixed(cold, 0)} ms`,
    `${fixed(changed, 1)} ms`,
    `${fixed(same, 1)} ms`,
    `${fixed(bare, 1)} ms`,
    `${fixed((changed / cold) * 100, 2)} %`,
  ]);
  const head = [
    'stack files',
    'cold',
    'one changed',
    'none changed',
    'bare walk',
    'changed / cold',
  ];
  return `Compile time\n${table([head, ...rows])}`;
}

function compile(compiler, files, stacks) {
  const compiled = compiler.compile({ sha: 'a'.repeat(40), inputs: '', files }, 'big');
  if (compiled.stacks.length !== stacks || compiled.problems.length > 0)
    throw new Error(
      `compiled ${compiled.stacks.length} stacks with ${compiled.problems.length} problems`,
    );
}

function walk(files) {
  let length = 0;
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

function stackFile(number, more = '') {
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
  return aFile(`grids/big/stacks/s${number}/kontena.yml`, text);
}
