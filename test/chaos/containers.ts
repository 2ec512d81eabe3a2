import { CommandError } from '../network/rig/command.ts';
import type { Host } from '../network/rig/host.ts';

/** A container as far as it matters here. */
export interface FoundContainer {
  readonly id: string;
  readonly name: string;
  readonly host: string;
  readonly isRunning: boolean;
  readonly isPaused: boolean;
  readonly environment: readonly string[];
  /** `stack/service-number` of one of ours. */
  readonly instance: string;
}

interface Inspected {
  readonly Id: string;
  readonly Name: string;
  readonly State: { readonly Running: boolean; readonly Paused: boolean };
  readonly Config: {
    readonly Env: readonly string[];
    readonly Labels: Readonly<Record<string, string>>;
  };
}

const GRID = 'io.kontena.grid.name';
const TYPE = 'io.kontena.container.type';
/** A hung engine must not hang the run. */
const LIMIT_MS = 20_000;

/** All of a grid's containers on a host, running or not, by name. */
export async function containersOn(host: Host, grid: string): Promise<readonly FoundContainer[]> {
  const filter = ['--filter', `label=${GRID}=${grid}`, '--filter', `label=${TYPE}=container`];
  const ids = await dockerOn(host, ['ps', '--all', '--quiet', '--no-trunc', ...filter]);
  if (ids === '') return [];
  const found = await inspected(host, ids.split('\n'));
  return found
    .map((one) => containerOf(one, host.name))
    .toSorted((a, b) => (a.name < b.name ? -1 : 1));
}

export async function dockerOn(host: Host, args: readonly string[]): Promise<string> {
  return await host.docker(args, { signal: AbortSignal.timeout(LIMIT_MS) });
}

/** A container that was there a moment ago may be gone; docker then fails, and says what it knows of the others all the same. */
async function inspected(host: Host, ids: readonly string[]): Promise<readonly Inspected[]> {
  const text = await dockerOn(host, ['container', 'inspect', ...ids]).catch((error: unknown) => {
    if (error instanceof CommandError && isOfGone(error.outcome.stderr))
      return error.outcome.stdout;
    throw error;
  });
  return JSON.parse(text) as Inspected[];
}

function isOfGone(said: string): boolean {
  return said
    .trim()
    .split('\n')
    .every((line) => /No such container/.test(line));
}

function containerOf({ Id, Name, State, Config }: Inspected, host: string): FoundContainer {
  const label = (name: string): string => Config.Labels[`io.kontena.${name}`] ?? '';
  const service = `${label('stack.name')}/${label('service.name')}`;
  return {
    id: Id,
    name: Name.replace(/^\//, ''),
    host,
    isRunning: State.Running,
    isPaused: State.Paused,
    environment: Config.Env,
    instance: `${service}-${label('service.instance_number')}`,
  };
}
