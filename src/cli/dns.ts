import { request } from 'node:http';
import { join } from 'node:path';
import type { NamesView, NameView, RecordView, TriedView } from '../discovery/names-view.ts';
import { errorMessage, GridError } from '../model/error.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { age, paint, show, table } from './output.ts';
import { readSettingsFile } from './settings-file.ts';
import { type Flags, loadSettings } from './settings-load.ts';

export interface DnsQuestion {
  /** A grid's name, or else the name that is looked for. */
  readonly args: readonly string[];
  readonly flags: Flags;
  /** Address of a container on this host: its links and its stack count. */
  readonly from: string | null;
  /** A name is looked for as a container of this stack would. */
  readonly stack: string | null;
  readonly json: boolean;
}

/** The names of a grid as the agent on this host knows them, or what one name stands for and why. */
export async function dns(io: Io, question: DnsQuestion): Promise<ExitCode> {
  const socket = await findSocket(io, question.flags);
  const zone = (await ask(socket, '/names', io.stop)) as NamesView;
  const name = nameIn(question.args, zone);
  const { json } = question;
  if (name === null) {
    show(io, { json, value: zone, text: (view) => printZone(io, view) });
    return EXIT.done;
  }
  const value = (await ask(socket, `/names?${nameQuery(name, question)}`, io.stop)) as NameView;
  show(io, { json, value, text: (view) => printName(io, view) });
  return value.tried.at(-1)?.outcome === 'answers' ? EXIT.done : EXIT.failed;
}

async function findSocket(io: Io, flags: Flags): Promise<string> {
  const { config } = flags;
  const file = await readSettingsFile(io, typeof config === 'string' ? config : undefined);
  const { values } = await loadSettings({ section: 'agent', flags, file, io });
  return join(values.data, 'dns.sock');
}

/** One argument is the grid if it is the agent's own, else a name in it. */
function nameIn([first, second]: readonly string[], { grid }: NamesView): string | null {
  if (first === undefined || (first === grid && second === undefined)) return null;
  if (second === undefined) return first;
  if (first === grid) return second;
  throw new GridError({
    code: 'not-found',
    message: `the agent on this host is in the grid ${grid}, not in ${first}`,
    hint: `Ask on a node of ${first}, or for ${grid}.`,
  });
}

function nameQuery(name: string, { from, stack }: DnsQuestion): string {
  return new URLSearchParams({
    name,
    ...(from === null ? {} : { from }),
    ...(stack === null ? {} : { stack }),
  }).toString();
}

const PATIENCE_MS = 5_000;
/** 25,000 records are 5 MB. */
const MOST_BYTES = 67_108_864;

async function ask(socketPath: string, path: string, stop: AbortSignal): Promise<unknown> {
  const signal = AbortSignal.any([stop, AbortSignal.timeout(PATIENCE_MS)]);
  try {
    return JSON.parse(await getText(socketPath, path, signal));
  } catch (error) {
    throw unreachable(socketPath, error);
  }
}

function getText(socketPath: string, path: string, signal: AbortSignal): Promise<string> {
  return new Promise((resolve, reject) => {
    const asking = request({ socketPath, path, signal, agent: false }, (response) => {
      const parts: Buffer[] = [];
      let size = 0;
      response.on('data', (part: Buffer) => {
        size += part.length;
        parts.push(part);
        if (size > MOST_BYTES) asking.destroy(new Error('the answer is too large'));
      });
      response.on('error', reject);
      response.on('end', () => resolve(Buffer.concat(parts).toString()));
    });
    asking.on('error', reject);
    asking.end();
  });
}

const hints: Readonly<Record<string, string>> = {
  ENOENT:
    'Ask on a host whose agent is in an overlay, and give its directory: --data or GRIDOPS_AGENT_DATA.',
  ECONNREFUSED: 'The agent does not run. Start it with `gridops agent`.',
  EACCES: 'Ask as the user that the agent runs as.',
};

function unreachable(socket: string, error: unknown): GridError {
  const code = (error as { code?: string }).code ?? '';
  return new GridError({
    code: 'not-found',
    message: `no agent answers at ${socket}: ${errorMessage(error)}`,
    hint: hints[code] ?? 'Look at the log of the agent on this host.',
    cause: error,
  });
}

function printZone(io: Io, view: NamesView): string {
  const { dns: server, node, domain } = view;
  const where = `${server.address}:${server.port}`;
  const colours = paint(io);
  const answering = server.listening
    ? `answers at ${where}`
    : colours.red(`does not answer at ${where}: ${server.fault ?? 'not yet'}`);
  return [
    `${domain}, as node ${node.name} knows it; it ${answering}`,
    '',
    printNodes(io, view),
    '',
    view.records.length === 0 ? 'No records.' : printRecords(io, view.records),
  ].join('\n');
}

function printNodes(io: Io, { nodes }: NamesView): string {
  const colours = paint(io);
  return table(
    ['NODE', 'NUMBER', 'ADDRESS', 'STATE', 'HEARD', 'FAULT'].map(colours.dim),
    nodes.map((node) => [
      node.name,
      String(node.number),
      node.address,
      node.state === 'self' || node.state === 'heard'
        ? colours.green(node.state)
        : colours.red(node.state),
      node.age === null ? 'never' : `${age(node.age)} ago`,
      node.fault ?? '',
    ]),
  );
}

function printRecords(io: Io, records: readonly RecordView[]): string {
  const colours = paint(io);
  return table(
    ['INSTANCE', 'ADDRESS', 'NODE', 'CONTAINER', 'STATE', 'ANSWERS'].map(colours.dim),
    records.map((record) => [
      record.instance,
      record.address,
      record.node,
      record.container.slice(0, 12),
      stateOf(record),
      answersOf(io, record),
    ]),
  );
}

function stateOf({ condition, stale }: RecordView): string {
  return stale ? `${condition}, stale` : condition;
}

function answersOf(io: Io, { answers, reason }: RecordView): string {
  const colours = paint(io);
  return answers ? colours.green('yes') : `${colours.yellow('no')}: ${reason ?? ''}`;
}

function printName(io: Io, { asked, asker, tried }: NameView): string {
  const who = asker === null ? '' : `, asked by ${asker.address} in stack ${asker.stack}`;
  return [`${asked}${who}`, ...tried.map((one) => printTried(io, one))].join('\n');
}

function printTried(io: Io, view: TriedView): string {
  const alias =
    view.alias === null ? '' : ` (alias ${view.alias} of a link to ${view.target ?? ''})`;
  const head = `  ${view.name}${alias}: ${outcomeOf(view)}`;
  if (view.rule === 'node') return `${head}\n    ${view.addresses.join(', ')}`;
  if (view.records.length === 0) return head;
  const names = [...new Set(view.records.flatMap((record) => record.names))];
  const rows = printRecords(io, view.records).replaceAll(/^/gm, '    ');
  return `${head}\n${rows}\n    also known as: ${names.join(', ')}`;
}

function outcomeOf({ outcome, rule, because, servers }: TriedView): string {
  switch (outcome) {
    case 'answers':
      return `${rules[rule ?? '']}; ${reasons[because ?? '']}`;
    case 'nothing':
      return rule === null
        ? 'there are names below it, it is none itself'
        : `${rules[rule]}; ${reasons[because ?? '']}`;
    case 'unknown':
      return 'no such name, and nobody else is asked';
    case 'forward':
      return servers.length === 0
        ? "outside of the grid, the host's name servers are asked"
        : `outside of the grid, ${servers.join(', ')} are asked`;
  }
}

const rules: Readonly<Record<string, string>> = {
  service: 'a service',
  instance: 'one instance of a service',
  further: 'a further name of services',
  node: 'a node',
  legacy: 'a service, by its legacy name',
  'legacy-instance': 'one instance of a service, by its legacy name',
};

const reasons: Readonly<Record<string, string>> = {
  ready: 'those that are ready answer',
  running: 'those that run answer',
  'stale-ready': 'no node that is heard has one: those answer that were ready when last heard of',
  'stale-running': 'no node that is heard has one: those answer that ran when last heard of',
  nobody: 'none of them may answer now',
  node: 'nodes always answer',
};
