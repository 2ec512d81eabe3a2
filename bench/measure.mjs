import { execFileSync } from 'node:child_process';
import { cpus, loadavg, totalmem } from 'node:os';

/** The middle of a list of numbers; of an even list the mean of the two in the middle. */
export function median(values) {
  const sorted = values.toSorted((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2;
}

/**
 * Runs every contender once in each round, in an order that turns with the round, so that what the machine does meanwhile
 * falls on all of them alike. Resolves to `{ name: seconds[] }`, one entry a round.
 */
export async function interleaved(contenders, rounds, onRound = () => undefined) {
  const times = Object.fromEntries(contenders.map(({ name }) => [name, []]));
  for (let round = 0; round < rounds; round += 1) {
    const order = contenders.map((_, at) => contenders[(at + round) % contenders.length]);
    for (const contender of order) times[contender.name].push(await contender.run());
    onRound(round, times);
  }
  return times;
}

/** Paired by round: the ratio of each round, then their median, smallest and largest. */
export function ratios(times, baseline) {
  const all = times.map((time, round) => time / baseline[round]);
  return { median: median(all), min: Math.min(...all), max: Math.max(...all) };
}

export function machine() {
  return {
    cpus: cpus().length,
    model: cpus()[0]?.model.trim() ?? 'unknown',
    memoryGiB: Math.round(totalmem() / 2 ** 30),
    load: loadavg().map((load) => Number(load.toFixed(2))),
    node: process.version,
    git: version('git', ['--version']),
    docker: version('docker', ['version', '--format', '{{.Server.Version}}']),
    compose: version('docker-compose', ['version', '--short']),
  };
}

function version(command, args) {
  try {
    return execFileSync(command, args, { stdio: ['ignore', 'pipe', 'ignore'] })
      .toString()
      .trim();
  } catch {
    return null;
  }
}

/** A plain table for a terminal: first column to the left, the others to the right. */
export function table(rows) {
  const widths = rows[0].map((_, column) =>
    Math.max(...rows.map((row) => String(row[column]).length)),
  );
  return rows
    .map((row) =>
      row
        .map((cell, column) =>
          column === 0
            ? String(cell).padEnd(widths[column])
            : String(cell).padStart(widths[column]),
        )
        .join('  ')
        .trimEnd(),
    )
    .join('\n');
}

export function fixed(value, digits = 2) {
  return value === null || value === undefined ? 'not measured' : value.toFixed(digits);
}
