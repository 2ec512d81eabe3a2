import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';

/**
 * A real master and real agents, each a process of its own, as users run them. `node <this file> master|agent <json>` is
 * such a process; it prints one line of JSON when it is ready and ends on SIGTERM.
 */
export async function startProcess(kind, options) {
  const child = spawn(
    process.execPath,
    [fileURLToPath(import.meta.url), kind, JSON.stringify(options)],
    {
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  );
  const first = await Promise.race([once(child.stdout, 'data'), once(child, 'exit')]);
  if (!Buffer.isBuffer(first[0])) throw new Error(`${kind} ended with ${first[0]}`);
  return {
    ready: JSON.parse(first[0].toString()),
    pid: child.pid,
    stop: async () => {
      if (child.exitCode !== null) return;
      child.kill('SIGTERM');
      await once(child, 'exit');
    },
  };
}

export function masterOptions({ data, url, pollSeconds = 60 }) {
  return {
    data,
    listen: { host: '127.0.0.1', port: 0 },
    publicUrl: null,
    repositories: [
      {
        name: 'bench',
        holds: 'grids',
        usedBy: null,
        repository: { url, branch: 'main', engine: 'auto', pollSeconds },
        forge: { kind: 'none' },
        webhookSecrets: [],
      },
    ],
    apiToken: 'bench-token-bench-token-bench-token',
    logLevel: 'error',
  };
}

export async function api(master, path, init = {}) {
  const response = await fetch(`${master.ready.url}/api/v1/${path}`, {
    ...init,
    headers: {
      authorization: 'Bearer bench-token-bench-token-bench-token',
      ...(init.body === undefined ? {} : { 'content-type': 'application/json' }),
    },
  });
  if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
  return await response.json();
}

async function main([kind, json]) {
  const options = JSON.parse(json);
  const running =
    kind === 'master'
      ? await (await import('../dist/master/main.js')).startMaster(options)
      : await startAgent(options);
  const { url = null } = running;
  process.stdout.write(`${JSON.stringify({ url })}\n`);
  process.once('SIGTERM', () => {
    running.stop().then(
      () => process.exit(0),
      () => process.exit(1),
    );
  });
}

async function startAgent(options) {
  const { startAgent: start } = await import('../dist/agent/main.js');
  const { createLog } = await import('../dist/runtime/log.js');
  const { systemClock } = await import('../dist/runtime/clock.js');
  const log = createLog({ level: 'error', name: 'agent' });
  return await start({ ...options, log, clock: systemClock, random: Math.random });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) await main(process.argv.slice(2));
