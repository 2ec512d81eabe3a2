import { isFinal } from '../model/deploy.ts';
import { GridError } from '../model/error.ts';
import { instancePath } from '../model/identity.ts';
import { Deploy, DeployStarted, type DeploySummary } from '../protocol/deploy-api.ts';
import { ceiling } from '../runtime/backoff.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint, shortSha, show } from './output.ts';
import { printProblems } from './problem-text.ts';

export interface DeployOptions {
  readonly grid: string;
  readonly wait: boolean;
  /** Also what must wait. */
  readonly force: boolean;
  /** Seconds; `null`: as long as it takes. */
  readonly timeout: number | null;
  readonly json: boolean;
}

/** Lets the master deploy what the branch points at, again. With `wait` the exit code is how it ended. */
export async function deploy(io: Io, client: Client, options: DeployOptions): Promise<ExitCode> {
  const path = `/grids/${encodeURIComponent(options.grid)}/deploys`;
  const body = options.force ? { force: true } : undefined;
  const started = await client.post(DeployStarted, path, body);
  if (!started.started)
    io.stderr(harmless(`deploy ${started.deploy.id} of this commit is going on already\n`));
  if (options.wait) return await waitFor(io, client, { ...options, id: started.deploy.id });
  show(io, {
    json: options.json,
    value: started,
    text: ({ deploy: one }) => `deploy ${one.id}: ${client.url}/deploys/${one.id}`,
  });
  return EXIT.done;
}

interface Waiting {
  readonly id: string;
  readonly timeout: number | null;
  readonly json: boolean;
}

const LOOK_MS = 500;
const PATIENCE_MS = 60_000;

/**
 * Looks until the deploy ended or waits for a person, printing each change on stderr. A deploy that another one takes over
 * from is followed into that; a master that is away for less than a minute (a restart, an update) is waited for.
 */
async function waitFor(io: Io, client: Client, waiting: Waiting): Promise<ExitCode> {
  const end = waiting.timeout === null ? Infinity : io.clock.now() + waiting.timeout * 1_000;
  let id = waiting.id;
  let last = '';
  while (io.clock.now() < end) {
    const one = await look(io, client, id);
    const line = progressLine(one);
    if (line !== last) io.stderr(`${line}\n`);
    last = line;
    if (one.phase === 'superseded' && one.supersededBy !== null) {
      id = one.supersededBy;
      continue;
    }
    if (isFinal(one.phase) || one.phase === 'held') return conclude(io, one, waiting.json);
    await io.clock.sleep(LOOK_MS, io.stop);
  }
  throw new GridError({
    code: 'not-ready-in-time',
    message: `deploy ${id} has not ended within ${waiting.timeout} seconds; it goes on by itself`,
    hint: `See how it is: ${client.url}/deploys/${id}`,
  });
}

async function look(io: Io, client: Client, id: string): Promise<Deploy> {
  const since = io.clock.now();
  for (let attempt = 0; ; attempt += 1) {
    try {
      return await client.get(Deploy, `/deploys/${encodeURIComponent(id)}`);
    } catch (error) {
      const heals = error instanceof GridError && error.retry === 'later' && !io.stop.aborted;
      if (!heals || io.clock.now() - since > PATIENCE_MS) throw error;
      if (attempt === 0) io.stderr(`${error.message}; trying again\n`);
      await io.clock.sleep(ceiling({ base: LOOK_MS, cap: 5_000 }, attempt), io.stop);
    }
  }
}

function progressLine(one: DeploySummary): string {
  return harmless(`${one.grid} ${shortSha(one.sha)} ${one.phase}: ${one.message}`);
}

function conclude(io: Io, one: Deploy, json: boolean): ExitCode {
  show(io, { json, value: one, text: (value) => printEnd(io, value) });
  if (one.phase === 'succeeded') return EXIT.done;
  return one.phase === 'held' ? EXIT.held : EXIT.failed;
}

/** How a deploy ended, with everything that someone needs to mend it. */
export function printEnd(io: Io, one: Deploy): string {
  const colours = paint(io);
  const tone =
    one.phase === 'succeeded' ? colours.green : one.phase === 'held' ? colours.yellow : colours.red;
  const newest = one.remaining ?? one.plan;
  const lines = [`${tone(one.phase)} ${one.grid} ${shortSha(one.sha)}: ${one.message}`];
  if (one.problems.length > 0) lines.push('', printProblems(one.problems, colours), '');
  if (one.phase !== 'succeeded') {
    for (const { failure, ...halted } of newest?.halted ?? [])
      lines.push(
        `${instancePath(halted)} on ${halted.node}: ${failure.message}`,
        ...failure.log.map((line) => `  | ${line}`),
      );
    for (const blocked of newest?.blocked ?? [])
      lines.push(`${instancePath(blocked)}: ${blocked.reason}`);
  }
  if (one.phase === 'held') lines.push(...printHeld(one));
  return lines.join('\n').trimEnd();
}

/** What a held deploy waits for, what it would remove, and how to let it. */
export function printHeld(one: Deploy): string[] {
  const confirmation = (one.remaining ?? one.plan)?.confirmation ?? null;
  const closed =
    one.closed === undefined ? [] : ['It is deployed by itself when the grid opens again.'];
  const removes = confirmation?.removes.map((path) => `  - ${path}`) ?? [];
  return [
    ...closed,
    ...(confirmation === null ? [] : [confirmation.reason, ...removes]),
    `to go on: gridops approve ${one.id}`,
  ];
}
