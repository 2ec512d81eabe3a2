import { mkdir, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { benchControl, printControl } from './control.mjs';
import { benchDeploy, printDeploy } from './deploy.mjs';
import { benchManifest, printManifest } from './manifest.mjs';
import { machine } from './measure.mjs';
import { benchNetwork, printNetwork } from './network.mjs';
import { benchNetworkScale, printNetworkScale } from './network-scale.mjs';
import { benchPlanner, printPlanner } from './planner.mjs';
import { benchRolling, printRolling } from './rolling.mjs';

/**
 * `npm run bench [-- --only manifest,planner,control,deploy,rolling,network,network-scale] [--quick] [--rounds 7]`: every figure is measured in
 * this run, side by side, and printed as a table; the same goes to bench/results/ as JSON with the machine, the versions and the raw times.
 */
const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    quick: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '7' },
  },
});
const quick = values.quick;
const rounds = Number(values.rounds);
const log = (line) => process.stderr.write(`  ${line}\n`);

const benches = {
  manifest: async () => {
    const results = benchManifest({
      sizes: quick ? [1_000] : [1_000, 10_000],
      rounds: quick ? 2 : 5,
      log,
    });
    return { results, text: printManifest(results) };
  },
  planner: async () => {
    const sizes = [
      { services: 1_000, nodes: 100, instances: 10 },
      { services: 10_000, nodes: 1_000, instances: 10 },
      { services: 40_000, nodes: 1_000, instances: 1 },
      // As many as in HashiCorp's "C2M challenge".
      { services: 20, nodes: 6_100, instances: 100_000, rounds: 1 },
    ];
    const results = benchPlanner({
      sizes: quick ? sizes.slice(0, 1) : sizes,
      rounds: quick ? 3 : 7,
      log,
    });
    return { results, text: printPlanner(results) };
  },
  control: async () => {
    const crowds = quick ? [100] : [1_000, 10_000];
    const results = await benchControl({ crowds, stacks: quick ? 50 : 1_000, log });
    return { results, text: printControl(results) };
  },
  deploy: async () => {
    const sizes = quick
      ? [{ count: 5, rounds: 2 }]
      : [
          { count: 20, rounds },
          { count: 50, rounds: Math.max(1, Math.floor((rounds * 3) / 7)) },
        ];
    const results = await benchDeploy({ sizes, log });
    return { results, text: printDeploy(results) };
  },
  rolling: async () => {
    const results = await benchRolling({ deploys: quick ? 3 : 20, log });
    return { results, text: printRolling(results) };
  },
  network: async () => {
    const results = await benchNetwork({ rounds: quick ? 2 : rounds, seconds: quick ? 1 : 3, log });
    return { results, text: printNetwork(results) };
  },
  'network-scale': async () => {
    const sizes = quick ? [10, 254] : [10, 50, 254, 1_000];
    const results = await benchNetworkScale({ sizes, rounds: quick ? 3 : 15, log });
    return { results, text: printNetworkScale(results) };
  },
};

const wanted = values.only?.split(',') ?? Object.keys(benches);
const unknown = wanted.find((name) => benches[name] === undefined);
if (unknown !== undefined) {
  process.stderr.write(`no bench ${unknown}; there are ${Object.keys(benches).join(', ')}\n`);
  process.exit(2);
}

const report = { at: new Date().toISOString(), machine: machine(), benches: {} };
for (const name of wanted) {
  process.stderr.write(`${name}\n`);
  const { results, text } = await benches[name]();
  report.benches[name] = results;
  process.stdout.write(`\n${text}\n`);
}
report.loadAtEnd = machine().load;
const folder = fileURLToPath(new URL('./results/', import.meta.url));
await mkdir(folder, { recursive: true });
const file = `${folder}${report.at.replaceAll(':', '-')}.json`;
await writeFile(file, `${JSON.stringify(report, null, 2)}\n`);
process.stdout.write(
  `\n${report.machine.cpus} CPUs, ${report.machine.model}, Node ${report.machine.node}, Docker ${report.machine.docker}; raw figures: ${file}\n`,
);
