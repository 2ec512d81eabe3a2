import { DeployList, type DeploySummary } from '../protocol/deploy-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { age, paint, shortSha, show, table } from './output.ts';

export interface HistoryOptions {
  readonly grid: string;
  readonly limit: number;
  readonly before: string | null;
  readonly json: boolean;
}

/** Deploys of a grid, newest first. */
export async function history(io: Io, client: Client, options: HistoryOptions): Promise<ExitCode> {
  const query = new URLSearchParams({ limit: String(options.limit) });
  if (options.before !== null) query.set('before', options.before);
  const grid = encodeURIComponent(options.grid);
  const value = await client.get(DeployList, `/grids/${grid}/deploys?${query.toString()}`);
  show(io, { json: options.json, value, text: ({ deploys }) => printDeploys(io, deploys) });
  if (value.before !== null && !options.json) io.stderr(`older ones: --before ${value.before}\n`);
  return EXIT.done;
}

function printDeploys(io: Io, deploys: readonly DeploySummary[]): string {
  if (deploys.length === 0) return 'Nothing deployed yet.';
  const colours = paint(io);
  const tones = { succeeded: colours.green, failed: colours.red, held: colours.yellow };
  return table(
    ['DEPLOY', 'COMMIT', 'PHASE', 'STARTED', 'TOOK', 'BY', 'MESSAGE'].map(colours.dim),
    deploys.map((one) => [
      one.id,
      shortSha(one.sha),
      (tones[one.phase as keyof typeof tones] ?? String)(one.phase),
      `${age(io.clock.now() - one.createdAt)} ago`,
      one.finishedAt === null ? '-' : age(one.finishedAt - one.createdAt),
      one.actor ?? one.trigger,
      one.message,
    ]),
  );
}
