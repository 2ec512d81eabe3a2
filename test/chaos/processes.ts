import { readdirSync, readFileSync, readlinkSync } from 'node:fs';
import type { Scene } from './scene.ts';

/** Of the master after a run; it has some thirty files, sockets and timers of its own. */
const MASTER_DESCRIPTORS = 120;
const AGENT_DESCRIPTORS = 160;
const MEGABYTES = 400;

/** What processes of ours have left behind, or hold too much of. */
export function processFaults(scene: Scene): readonly string[] {
  const faults = [...of('the master', scene.master.keeper.pid, MASTER_DESCRIPTORS)];
  for (const host of scene.rig.hosts) {
    const { keeper } = scene.agent(host.number);
    faults.push(...of(`the agent of ${host.name}`, keeper.pid, AGENT_DESCRIPTORS));
    const agents = agentsBeside(keeper.pid);
    if (agents.length > 1)
      faults.push(`${host.name} has ${agents.length} agents: ${agents.join(', ')}`);
  }
  return faults;
}

/** For people: what the processes hold at the end. */
export function processFigures(scene: Scene): readonly string[] {
  const line = (name: string, pid: number | null): string =>
    pid === null
      ? `${name}: not running`
      : `${name}: ${descriptorsOf(pid)} descriptors, ${megabytesOf(pid)} MB`;
  return [
    line('master', scene.master.keeper.pid),
    ...scene.rig.hosts.map((host) =>
      line(`agent of ${host.name}`, scene.agent(host.number).keeper.pid),
    ),
  ];
}

function of(name: string, pid: number | null, most: number): readonly string[] {
  if (pid === null) return [`${name} does not run`];
  const [descriptors, megabytes] = [descriptorsOf(pid), megabytesOf(pid)];
  return [
    ...(descriptors > most ? [`${name} has ${descriptors} files and sockets open`] : []),
    ...(megabytes > MEGABYTES ? [`${name} uses ${megabytes} MB`] : []),
  ];
}

function descriptorsOf(pid: number): number {
  return readdirSync(`/proc/${pid}/fd`).length;
}

function megabytesOf(pid: number): number {
  const [, kilobytes = '0'] = /^VmRSS:\s+(\d+)/m.exec(text(`/proc/${pid}/status`)) ?? [];
  return Math.round(Number(kilobytes) / 1_024);
}

/** Agents in the same pid namespace, itself included. */
function agentsBeside(pid: number | null): readonly number[] {
  if (pid === null) return [];
  const own = namespaceOf(pid);
  return readdirSync('/proc')
    .map(Number)
    .filter((other) => other > 0 && namespaceOf(other) === own)
    .filter((other) => /\/cli\/main\.js\0agent\0/.test(text(`/proc/${other}/cmdline`)));
}

function namespaceOf(pid: number): string | null {
  try {
    return readlinkSync(`/proc/${pid}/ns/pid`);
  } catch {
    return null;
  }
}

function text(file: string): string {
  try {
    return readFileSync(file, 'utf8');
  } catch {
    return '';
  }
}
