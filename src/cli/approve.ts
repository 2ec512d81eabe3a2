import { GridError } from '../model/error.ts';
import { Deploy, DeploySummary } from '../protocol/deploy-api.ts';
import type { Client } from './client.ts';
import { printHeld } from './deploy.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { harmless, show } from './output.ts';

export interface ApproveOptions {
  readonly id: string;
  /** Hash of the plan that was read before, or how it begins; `null`: the plan as it is now, which is printed. */
  readonly planHash: string | null;
  readonly json: boolean;
}

/** Confirms exactly the plan that is shown: should it have changed in between, the master refuses. */
export async function approve(io: Io, client: Client, options: ApproveOptions): Promise<ExitCode> {
  const path = `/deploys/${encodeURIComponent(options.id)}`;
  const held = await client.get(Deploy, path);
  const plan = held.remaining ?? held.plan;
  if (held.phase !== 'held' || plan === null)
    throw new GridError({
      code: 'invalid-request',
      message: `deploy ${held.id} does not wait for an approval: it is ${held.phase}`,
    });
  const planHash = chosenHash(plan.hash, options.planHash);
  io.stderr(`${printHeld(harmless(held)).slice(0, -1).join('\n')}\n`);
  const value = await client.post(DeploySummary, `${path}/approve`, { planHash });
  show(io, {
    json: options.json,
    value,
    text: (one) => `approved plan ${planHash} of deploy ${one.id}: ${client.url}/deploys/${one.id}`,
  });
  return EXIT.done;
}

/** People read the beginning of a hash; the master gets the whole one. */
function chosenHash(current: string, read: string | null): string {
  return read !== null && (read.length < 8 || !current.startsWith(read)) ? read : current;
}
