import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { importTypeScript } from '../scripts/type-script.mjs';
import { waitFor } from './engine.mjs';
import { fixed, median, table } from './measure.mjs';
import { CONTENDERS } from './rolling-contenders.mjs';

const CONNECTIONS = 8;
/** Milliseconds between an answer and the next request of a connection: a client, not a flood. */
const THINK = 20;
const DELAY = `function delay() return ${THINK} end\n`;
const NO_TIME_TO_WAIT = '5s';

/**
 * Requests lost while a service of two instances is deployed anew again and again, behind the load of a client that keeps its
 * connections. One after the other on the same host, everyone with the same application: it ends as a good one does, with
 * what it has begun. Each is set up as its users are told to for deploys without an interruption.
 */
export async function benchRolling({ deploys, log, contenders = CONTENDERS }) {
  const { reasonAgainstRig } = await importTypeScript('test/network/rig/requirements.ts');
  const { Rig } = await importTypeScript('test/network/rig/rig.ts');
  const reason = reasonAgainstRig();
  if (reason !== null) return { reason };
  const folder = await mkdtemp(join(tmpdir(), 'gridops-rolling-'));
  const script = join(folder, 'delay.lua');
  await writeFile(script, DELAY);
  const results = [];
  // Swarm refuses to work with live-restore.
  const rig = await Rig.up(1, { liveRestore: false });
  try {
    for (const { name, start } of contenders) {
      const contender = await start(rig, folder);
      results.push({ name, ...(await measure({ contender, deploys, script })) });
      log(`${name}: ${deploys} deploys`);
      await contender.stop();
    }
  } finally {
    await rig.down();
    await rm(folder, { recursive: true, force: true });
  }
  return { deploys, results };
}

export function printRolling({ reason, deploys, results }) {
  if (reason !== undefined) return `Rolling deploys are not measured: ${reason}`;
  const rows = results.map(({ name, requests, lost, times }) => [
    name,
    `${requests}`,
    `${lost}`,
    fixed(lost / deploys, 1),
    `${fixed(median(times), 1)} s`,
  ]);
  return [
    `${deploys} rolling deploys of two instances under load (${CONNECTIONS} connections, kept)`,
    table([['', 'requests', 'lost', 'lost a deploy', 'a deploy (median)'], ...rows]),
  ].join('\n');
}

async function measure({ contender, deploys, script }) {
  await answersWith(contender.url, 'version-0');
  const client = startClient(contender.url, script);
  const times = [];
  for (let number = 1; number <= deploys; number += 1) {
    const began = performance.now();
    await contender.deploy(`version-${number}`);
    await answersWith(contender.url, `version-${number}`);
    times.push((performance.now() - began) / 1_000);
  }
  return { times, ...(await client.stop()) };
}

/** All of several answers in a row: the old instances are gone. */
async function answersWith(url, text) {
  let inRow = 0;
  await waitFor(
    async () => {
      inRow = (await answerOf(url)) === text ? inRow + 1 : 0;
      return inRow >= 10;
    },
    `${text} from ${url}`,
    { seconds: 180, pause: 20 },
  );
}

async function answerOf(url) {
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(2_000) });
    return (await answer.text()).trim();
  } catch {
    return null;
  }
}

/** Until it is told to stop; then it says what it has seen. */
function startClient(url, script) {
  const flags = ['--threads', '1', '--connections', `${CONNECTIONS}`, '--duration', '3600s'];
  const more = ['--timeout', NO_TIME_TO_WAIT, '--script', script, url];
  const wrk = spawn('wrk', [...flags, ...more], { stdio: ['ignore', 'pipe', 'inherit'] });
  let said = '';
  wrk.stdout.on('data', (text) => (said += text));
  return {
    stop: async () => {
      wrk.kill('SIGINT');
      await once(wrk, 'close');
      return countsOf(said);
    },
  };
}

function countsOf(said) {
  const errors = /Socket errors: connect (\d+), read (\d+), write (\d+), timeout (\d+)/.exec(said);
  const [connect = 0, read = 0, write = 0, timeout = 0] = errors?.slice(1).map(Number) ?? [];
  const refused = Number(/Non-2xx or 3xx responses: (\d+)/.exec(said)?.[1] ?? 0);
  return {
    requests: Number(/(\d+) requests in/.exec(said)?.[1] ?? 0),
    lost: connect + read + write + timeout + refused,
    errors: { connect, read, write, timeout, refused },
  };
}
