import { spawn } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { once } from 'node:events';
import { appendFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Writes rows into the table `rows`, one after the other and each in a transaction of its own, through psql and the name
 * that it was given. What becomes of each row goes into a journal outside of the database, a JSON line each: `{at, instance,
 * kind, id, why}`. No row is tried twice: one whose answer did not come may be in the table or not. Listens once the first
 * row is acknowledged. SIGTERM: finishes what it has begun.
 */
const [database, journal, port] = process.argv.slice(2);
const PAUSE_MS = 10;
const PAUSE_AFTER_FAILURE_MS = 50;
/** A connection into nothing is given up; psql itself would wait for the kernel to do so. */
const LIMIT_MS = 2_000;
const PSQL = ['--no-psqlrc', '--quiet', '--tuples-only', '--no-align', '--set=ON_ERROR_STOP=1'];
const TABLE = 'create table if not exists rows (id text not null);\n';

const writer = `${hostname()}.${randomUUID().slice(0, 8)}`;
const over = new AbortController();
let session = null;
let isListening = false;

process.once('SIGTERM', () => over.abort());
tell('started');
for (let number = 1; !over.signal.aborted; number += 1) await write(`${writer}.${number}`);
tell('ended');
process.exit();

async function write(id) {
  session ??= open();
  try {
    await insert(session, id);
    tell('acknowledged', { id });
    listen();
    await delay(PAUSE_MS);
  } catch (error) {
    tell('unanswered', { id, why: String(error.cause ?? error) });
    session.psql.kill('SIGKILL');
    session = null;
    await delay(PAUSE_AFTER_FAILURE_MS);
  }
}

function open() {
  const psql = spawn('psql', [...PSQL, database]);
  const end = new AbortController();
  let said = '';
  psql.stderr.on('data', (text) => (said += text));
  psql.once('close', () => end.abort(said.trim()));
  // It has ended; the line that does not come says so.
  psql.stdin.on('error', () => undefined);
  psql.stdin.write(TABLE);
  return { psql, lines: createInterface(psql.stdout), end };
}

/** psql says the row's id when the server has said that it is committed. */
async function insert({ psql, lines, end }, id) {
  const limit = setTimeout(() => end.abort(`no answer within ${LIMIT_MS} ms`), LIMIT_MS);
  psql.stdin.write(`insert into rows values ('${id}') returning id;\n`);
  const [answer] = await once(lines, 'line', { signal: end.signal });
  clearTimeout(limit);
  if (answer !== id) throw new Error(`the answer was ${answer}`);
}

function listen() {
  if (isListening) return;
  createServer((socket) => socket.end()).listen(Number(port));
  isListening = true;
}

function tell(kind, more = {}) {
  const line = { at: Date.now(), instance: hostname(), kind, ...more };
  appendFileSync(`${journal}/${writer}`, `${JSON.stringify(line)}\n`);
}
