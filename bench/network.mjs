import { importTypeScript } from '../scripts/type-script.mjs';
import { waitFor } from './engine.mjs';
import { fixed, interleaved, median, ratios, table } from './measure.mjs';
import { benchNames, printNames } from './names.mjs';
import { startGrid } from './network-grid.mjs';
import { PATHS } from './network-paths.mjs';

const PINGS = 50;

/**
 * Throughput of one TCP connection and round-trip time between two containers, by every path, on hosts that are namespaces of
 * this machine: what is compared is the work that a packet costs, not a wire. Side by side in one run, and after that names.
 */
export async function benchNetwork({ rounds, seconds, log, paths = PATHS }) {
  const { reasonAgainstRig } = await importTypeScript('test/network/rig/requirements.ts');
  const { Rig } = await importTypeScript('test/network/rig/rig.ts');
  const reason = reasonAgainstRig();
  if (reason !== null) return { reason };
  const image = await measuringImage();
  // Swarm refuses to work with it.
  const rig = await Rig.up(3, { liveRestore: false });
  let grid = null;
  try {
    await rig.load(image);
    grid = await startGrid(rig);
    const contenders = [];
    for (const { name, connect } of paths) {
      const route = await connect(rig, image.name);
      await waitFor(async () => await reaches(route), name);
      contenders.push({ name, run: async () => await measure(route, seconds) });
    }
    const figures = await interleaved(contenders, rounds, (round) => log(`round ${round + 1}`));
    const names = await benchNames({ rig, grid, rounds, seconds, log });
    return { rounds, seconds, figures, names };
  } finally {
    await grid?.stop();
    await rig.down();
  }
}

export function printNetwork({ reason, rounds, figures, names }) {
  if (reason !== undefined) return `The network is not measured: ${reason}`;
  return [
    `Container to container (${rounds} rounds); ratios to the host network and to the plain bridge`,
    part(figures, { unit: 'Gbit/s', of: ({ bits }) => bits / 1e9 }),
    part(figures, { unit: 'ms', of: ({ milliseconds }) => milliseconds }),
    printNames(names),
  ].join('\n');
}

function part(figures, { unit, of }) {
  const times = Object.entries(figures).map(([name, all]) => [name, all.map(of)]);
  const [[, host], [, bridge]] = times;
  const rows = times.map(([name, own]) => [
    name,
    `${fixed(median(own), 3)} ${unit}`,
    ...printRatio(own, host),
    ...printRatio(own, bridge),
  ]);
  return table([['', 'median', 'to host', 'range', 'to bridge', 'range'], ...rows]);
}

function printRatio(own, baseline) {
  const ratio = ratios(own, baseline);
  const digits = ratio.median < 0.1 ? 3 : 2;
  const [middle, least, most] = [ratio.median, ratio.min, ratio.max].map((one) =>
    fixed(one, digits),
  );
  return [middle, `${least}-${most}`];
}

async function measure(route, seconds) {
  return { bits: await throughput(route, seconds), milliseconds: await latency(route) };
}

async function throughput(route, seconds) {
  const flags = ['--client', route.address, '--time', `${seconds}`, '--json'];
  const report = JSON.parse(await inside(route, ['iperf3', ...flags]));
  return report.end.sum_received.bits_per_second;
}

/** The median: one round trip of many is late because something else ran. */
async function latency(route) {
  const said = await inside(route, ['ping', '-c', `${PINGS}`, '-i', '0.02', route.address]);
  return median([...said.matchAll(/time=([\d.]+) ms/g)].map(([, time]) => Number(time)));
}

async function reaches(route) {
  return await inside(route, ['ping', '-c', '1', '-W', '1', route.address]).then(
    () => true,
    () => false,
  );
}

async function inside({ host, container }, args) {
  return await host.docker(['exec', container, ...args]);
}

async function measuringImage() {
  const { archiveOf } = await importTypeScript('test/network/image/archive.ts');
  const { unpacked } = await importTypeScript('test/network/image/debian.ts');
  const { RootFs } = await importTypeScript('test/network/image/root-fs.ts');
  const folder = unpacked('iperf3');
  const root = new RootFs({ unpacked: folder }).busybox().programs(`${folder}/usr/bin/iperf3`);
  return archiveOf({ name: 'gridops-bench/iperf3:1', root, config: { Env: ['PATH=/bin'] } });
}
