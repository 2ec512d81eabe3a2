import type { NetworkFinding } from '../model/network-report.ts';
import { NetworkStatus } from '../protocol/network-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import type { Launch } from './launch.ts';
import { diagnose } from './network-diagnosis.ts';
import { printMatrix } from './network-matrix.ts';
import type { DoctorFinding } from './network-sight.ts';
import { type Paint, paint, show } from './output.ts';

interface Looked {
  readonly network: NetworkStatus;
  readonly findings: readonly DoctorFinding[];
}

/** Says what is wrong with the networks of grids, and what to do. Fails when something cannot work. */
export async function networkDoctor(
  io: Io,
  client: Client,
  options: { readonly grids: readonly string[]; readonly json: boolean },
): Promise<ExitCode> {
  const grids: Looked[] = [];
  for (const grid of options.grids) {
    const status = await client.get(NetworkStatus, `/grids/${encodeURIComponent(grid)}/network`);
    grids.push({ network: status, findings: diagnose(status) });
  }
  const texts = (value: readonly Looked[]): string =>
    value.map(({ network, findings }) => printDiagnosis(io, network, findings)).join('\n\n');
  show(io, {
    json: options.json,
    value: { grids },
    text: (value) => (value.grids.length === 0 ? 'No grids.' : texts(value.grids)),
  });
  return exitOf(grids.flatMap(({ findings }) => findings));
}

/** The same of this host alone, without a master. */
export async function localDoctor(
  io: Io,
  launch: Pick<Launch, 'checkHost'>,
  options: { readonly directory: string; readonly dockerSocket: string; readonly json: boolean },
): Promise<ExitCode> {
  const { json, ...where } = options;
  const check = await launch.checkHost({ ...where, now: io.clock.now() });
  show(io, {
    json,
    value: check,
    text: ({ grid, node, findings }) => {
      const who =
        grid === null
          ? `This host has not joined a grid by ${where.directory}: what only a grid's map tells was not looked at.`
          : `This host is node ${node} of grid ${grid}.`;
      const local = findings.map((finding) => ({ ...finding, at: '' }));
      return `${who}\n\n${printFindings(io, local)}`;
    },
  });
  return exitOf(check.findings);
}

function exitOf(findings: readonly NetworkFinding[]): ExitCode {
  return findings.some(({ severity }) => severity === 'error') ? EXIT.failed : EXIT.done;
}

function printDiagnosis(io: Io, status: NetworkStatus, findings: readonly DoctorFinding[]): string {
  const colours = paint(io);
  const { map, nodes } = status;
  const online = nodes.filter((node) => node.status === 'online').length;
  const facts = map === null ? [] : [map.subnet, `MTU ${map.mtu}`, `map version ${map.version}`];
  const head = [
    `${colours.bold(status.grid)}: ${online} of ${nodes.length} nodes online`,
    ...facts,
  ].join(', ');
  const matrix = printMatrix(status, colours, columnsOf(io));
  const parts = [head, ...(matrix === '' ? [] : [matrix]), printFindings(io, findings)];
  return parts.join('\n\n');
}

export function printFindings(io: Io, findings: readonly DoctorFinding[]): string {
  const colours = paint(io);
  if (findings.length === 0) return `${colours.green('ok')}  Nothing stands in the way.`;
  const width = columnsOf(io);
  const shown = grouped(findings)
    .map((finding) => printFinding(finding, colours, width))
    .join('\n\n');
  return `${shown}\n\n${tally(findings)}`;
}

const INDENT = 9;

function printFinding(finding: DoctorFinding, colours: Paint, width: number): string {
  const { severity, at, code, message, hint } = finding;
  const tones = { error: colours.red, warning: colours.yellow, info: colours.cyan };
  const words = { error: 'blocked', warning: 'warning', info: 'note' };
  const head = `${tones[severity](words[severity].padEnd(INDENT - 2))}  ${at === '' ? '' : `${colours.bold(at)}  `}${colours.dim(code)}`;
  const indent = ' '.repeat(INDENT);
  const body = wrap(message, width - INDENT).map((line) => indent + line);
  const [first = '', ...rest] = wrap(hint, width - INDENT - 2);
  const todo = [
    `${indent}${colours.green('→')} ${first}`,
    ...rest.map((line) => `${indent}  ${line}`),
  ];
  return [head, ...body, ...todo].join('\n');
}

const MOST_NAMED = 4;

/** The same of many nodes is said once. */
function grouped(findings: readonly DoctorFinding[]): readonly DoctorFinding[] {
  const groups = new Map<string, { readonly first: DoctorFinding; readonly at: string[] }>();
  for (const finding of findings) {
    const key = JSON.stringify([finding.severity, finding.code, finding.message, finding.hint]);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, { first: finding, at: [finding.at] });
    else group.at.push(finding.at);
  }
  return [...groups.values()].map(({ first, at }) => {
    const more = at.length - MOST_NAMED;
    const named = at.slice(0, MOST_NAMED).join(', ') + (more > 0 ? ` and ${more} more` : '');
    return { ...first, at: named };
  });
}

function tally(findings: readonly DoctorFinding[]): string {
  const count = (severity: DoctorFinding['severity']): number =>
    findings.filter((one) => one.severity === severity).length;
  const [errors, warnings, notes] = [count('error'), count('warning'), count('info')];
  const parts = [
    errors === 0 ? 'nothing blocked' : `${errors} blocked`,
    plural(warnings, 'warning'),
    plural(notes, 'note'),
  ];
  return `${parts.filter((part) => part !== '').join(', ')}. Each is explained in docs/network-doctor.md.`;
}

function plural(count: number, word: string): string {
  if (count === 0) return '';
  return count === 1 ? `1 ${word}` : `${count} ${word}s`;
}

const USUAL_COLUMNS = 100;
/** Longer lines are hard to read. */
const MOST_COLUMNS = 120;

function columnsOf({ columns = USUAL_COLUMNS }: Io): number {
  return Math.max(40, Math.min(MOST_COLUMNS, columns));
}

/** Breaks between words; a word that is too long stands alone. */
function wrap(text: string, width: number): readonly string[] {
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(/\s+/)) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else line = line === '' ? word : `${line} ${word}`;
  }
  return [...lines, line];
}
