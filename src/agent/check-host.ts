import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import type { NetworkFinding } from '../model/network-report.ts';
import { DockerClient } from './docker.ts';
import { engineState } from './docker-state.ts';
import { lookAtHost } from './host-checks.ts';
import { placeIn } from './host-observer.ts';
import { hostPrograms } from './host-programs.ts';
import { Identity } from './identity.ts';
import { networkFindings } from './network-findings.ts';
import type { Place } from './network-place.ts';

export interface HostCheckOptions {
  /** The agent's; what the node knows of its grid is in it. */
  readonly directory: string;
  readonly dockerSocket: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

export interface HostCheck {
  /** `null`: the directory says of no grid, or of none with an overlay: what only its map tells was not looked at. */
  readonly grid: string | null;
  readonly node: string | null;
  readonly findings: readonly NetworkFinding[];
}

/** An engine that hangs must not keep a person waiting. */
const ENGINE_PATIENCE = 5_000;

/** Looks at this host once, without an agent and without a master. Changes nothing. */
export async function checkHost(options: HostCheckOptions): Promise<HostCheck> {
  const { directory, dockerSocket, now } = options;
  const client = new DockerClient({ address: dockerSocket, callLimit: ENGINE_PATIENCE });
  const host = await lookAtHost(hostPrograms, async () => await engineState(client));
  const held = await heldPlace(directory);
  const wentBack = Math.max(0, (await newestFile(directory)) - now);
  const findings = networkFindings({ host, place: held.place, wentBack });
  return { grid: held.grid, node: held.node, findings };
}

interface Held {
  readonly grid: string | null;
  readonly node: string | null;
  readonly place: Place | null;
}

/** Opening a directory that no agent has used would make it one. */
async function heldPlace(directory: string): Promise<Held> {
  const isUsed = await stat(path.join(directory, 'membership.json')).then(
    () => true,
    () => false,
  );
  if (!isUsed) return { grid: null, node: null, place: null };
  const identity = await Identity.open(directory);
  const { grid = null, node = null } = identity.membership ?? {};
  const map = (await identity.networkMap())?.map ?? null;
  return { grid, node, place: map === null || node === null ? null : placeIn(map, node) };
}

/** What was written later than now was written before the clock went back. */
async function newestFile(directory: string): Promise<number> {
  const names = await readdir(directory).catch(() => []);
  const times = await Promise.all(
    names.map(
      async (name) =>
        await stat(path.join(directory, name)).then(
          ({ mtimeMs }) => mtimeMs,
          () => 0,
        ),
    ),
  );
  return Math.max(0, ...times);
}
