import type { NetworkFinding } from '../model/network-report.ts';
import { type AgentStart, agentOptions } from './agent-options.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { type MasterStart, masterStart } from './master-options.ts';
import { loadRepositories } from './repository-settings.ts';
import { readSettingsFile } from './settings-file.ts';
import { type Flags, loadSettings } from './settings-load.ts';

/** How the long-running processes are started; only `main.ts` knows where they are. */
export interface Launch {
  readonly master: (options: MasterStart) => Promise<RunningProcess & { readonly url: string }>;
  readonly agent: (options: AgentStart) => Promise<RunningProcess>;
  readonly demo: () => Promise<ExitCode>;
  /** Looks at this host's network, without an agent. */
  readonly checkHost: (of: HostQuestion) => Promise<HostAnswer>;
  /** Takes this host out of its grid. */
  readonly leaveGrid: (of: LeaveStart) => Promise<Departure>;
}

export interface HostQuestion {
  /** The agent's. */
  readonly directory: string;
  readonly dockerSocket: string;
  readonly now: number;
}

export interface HostAnswer {
  /** `null`: the directory says of none. */
  readonly grid: string | null;
  readonly node: string | null;
  readonly findings: readonly NetworkFinding[];
}

export interface LeaveStart {
  /** The agent's. */
  readonly directory: string;
  readonly dockerSocket: string;
  readonly hostsFile: string;
  readonly wireguardImage: string;
  readonly withContainers: boolean;
}

export interface Departure {
  readonly grid: string;
  readonly node: string;
  readonly containers: readonly string[];
  readonly volumes: readonly string[];
}

export interface RunningProcess {
  stop(): Promise<void>;
}

/** Runs a master until it is told to stop. */
export async function runMaster(io: Io, launch: Launch, flags: Flags): Promise<ExitCode> {
  const file = await readSettingsFile(io, flagText(flags['config']));
  const { values, settings } = await loadSettings({ section: 'master', flags, file, io });
  const repositories = await loadRepositories({ file, master: settings, io });
  const options = await masterStart(
    values,
    repositories.map((one) => one.values),
  );
  const running = await launch.master(options);
  io.stderr(`gridops master on ${options.publicUrl ?? running.url}\n`);
  if (options.apiToken === null) io.stderr(`API token: in ${options.data}/api-token\n`);
  await untilStopped(io);
  await running.stop();
  return EXIT.done;
}

/** Runs a node's agent until it is told to stop; its containers go on. */
export async function runAgent(io: Io, launch: Launch, flags: Flags): Promise<ExitCode> {
  const file = await readSettingsFile(io, flagText(flags['config']));
  const { values } = await loadSettings({ section: 'agent', flags, file, io });
  const options = agentOptions(values, io);
  const running = await launch.agent(options);
  io.stderr(`gridops agent of node ${options.name} for ${options.master.join(', ')}\n`);
  await untilStopped(io);
  await running.stop();
  return EXIT.done;
}

function untilStopped(io: Io): Promise<void> {
  return new Promise((resolve) => {
    if (io.stop.aborted) resolve();
    else io.stop.addEventListener('abort', () => resolve(), { once: true });
  });
}

function flagText(value: Flags[string]): string | undefined {
  return typeof value === 'string' ? value : undefined;
}
