import { GridError } from '../model/error.ts';
import { Rollback, type RollbackRequest } from '../protocol/rollback-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, paint, show } from './output.ts';

type Shown = Rollback;

export interface RollbackOptions {
  readonly grid: string;
  readonly wish: Pick<
    RollbackRequest,
    'to' | 'pullRequest' | 'reason' | 'by' | 'shared' | 'secrets'
  >;
  /** Without asking; else it is asked for where there is a terminal, and only shown where there is none. */
  readonly yes: boolean;
  readonly json: boolean;
}

/** Shows what going back would do, then does exactly that: what has changed in between is not undone by the way. */
export async function rollback(
  io: Io,
  client: Client,
  options: RollbackOptions,
): Promise<ExitCode> {
  const { grid, wish, yes, json } = options;
  const path = `/grids/${encodeURIComponent(grid)}/rollback`;
  const look = await client.post(Rollback, path, { ...wish, dryRun: true });
  if (!yes) {
    if (!io.stdin.isTerminal || json) {
      show(io, { json, value: look, text: (one) => printLook(io, one) });
      io.stderr('nothing was changed; do it with --yes\n');
      return EXIT.held;
    }
    io.stderr(`${printLook(io, harmless(look))}\n`);
    const answer = await io.stdin.ask('Type yes to do it (what you type is not shown): ');
    if (answer.trim() !== 'yes')
      throw new GridError({ code: 'invalid-request', message: 'nothing was changed' });
  }
  const { to, head } = look;
  const value = await client.post(Rollback, path, { ...wish, to, head });
  show(io, { json, value, text: doneText });
  return EXIT.done;
}

function doneText({ grid, branch, to, done }: Shown): string {
  const back = `grid ${grid} to ${to.slice(0, 7)}`;
  if (done === null) return 'nothing was changed';
  return done.kind === 'pushed'
    ? `rolled back ${back}: commit ${done.commit.slice(0, 7)} is pushed to ${branch}`
    : `requested to roll back ${back}: ${done.url}`;
}

const signs = { added: '+', changed: '~', removed: '-' } as const;

function printLook(io: Io, shown: Shown): string {
  const colours = paint(io, 'stderr');
  const { grid, to, head, branch, message, files, kept, undoes, others, plan } = shown;
  return [
    `${colours.bold(`grid ${grid} goes back to ${to.slice(0, 7)}`)} ${message}`,
    `by a new commit on ${branch}, which is at ${head.slice(0, 7)}`,
    '',
    ...files.map(({ path, kind }) => `  ${signs[kind]} ${path}`),
    ...kept.map((path) => `    ${path} stays as it is now (--secrets brings it back, too)`),
    ...(undoes.length === 0 ? [] : ['', 'undoes:']),
    ...undoes.map((one) => `  ${one.sha.slice(0, 7)} ${one.message} (${one.author})`),
    ...(others.length === 0
      ? []
      : ['', colours.yellow(`other grids change, too: ${others.join(', ')}`)]),
    ...(plan === null ? [] : ['', plan]),
  ].join('\n');
}
