import { stripVTControlCharacters } from 'node:util';
import type { NetworkStatus } from '../protocol/network-api.ts';
import { type NodeNetwork, type PeerSight, sightOf } from './network-sight.ts';
import { type Paint, table } from './output.ts';

/** Who reaches whom, and how fast: rows say it of columns. What is too wide for the screen becomes one line a node. */
export function printMatrix(status: NetworkStatus, colours: Paint, columns: number): string {
  const nodes = status.nodes.filter(({ number }) => number !== null);
  if (nodes.length < 2) return '';
  const named = matrix(status, nodes, colours, ({ name }) => name);
  if (widest(named) <= columns) return `${named}\n${legend(colours)}`;
  const numbered = matrix(status, nodes, colours, ({ number }) => `#${number}`);
  if (widest(numbered) <= columns) return `${numbered}\n${legend(colours)}`;
  return summary(status, nodes, colours);
}

function matrix(
  status: NetworkStatus,
  nodes: readonly NodeNetwork[],
  colours: Paint,
  head: (node: NodeNetwork) => string,
): string {
  const isNumbered = nodes.some((node) => head(node) !== node.name);
  const rows = nodes.map((from) => [
    isNumbered ? `#${from.number} ${from.name}` : from.name,
    ...nodes.map((to) => cell(status, from, to, colours)),
  ]);
  return table(['FROM \\ TO', ...nodes.map(head)].map(colours.dim), rows);
}

function cell(status: NetworkStatus, from: NodeNetwork, to: NodeNetwork, colours: Paint): string {
  if (from === to) return colours.dim('.');
  const sight = sightOf(from, to);
  if (sight === null) return colours.dim('?');
  const text = printSight(status, sight);
  if (sight.way === 'none') return to.status === 'online' ? colours.red(text) : colours.dim(text);
  if (sight.fullSize === false) return colours.red(`${text}!`);
  return sight.way === 'relay' ? colours.yellow(text) : text;
}

function printSight({ nodes }: NetworkStatus, { way, relay, roundTrip }: PeerSight): string {
  const time = roundTrip === null ? '' : milliseconds(roundTrip);
  if (way === 'none') return '-';
  if (way === 'tunnel') return time === '' ? 'yes' : time;
  if (way === 'trusted') return `trusted ${time}`.trim();
  const name = nodes.find(({ number }) => number === relay)?.name ?? `#${relay}`;
  return `${time} via ${name}`.trim();
}

/** As many digits as matter. */
export function milliseconds(time: number): string {
  if (time < 0.095) return time.toFixed(2);
  return time < 9.95 ? time.toFixed(1) : String(Math.round(time));
}

function legend(colours: Paint): string {
  return colours.dim(
    'milliseconds there and back;  - no way   ! large packets are lost   ? not told',
  );
}

function summary(status: NetworkStatus, nodes: readonly NodeNetwork[], colours: Paint): string {
  const head = ['NODE', 'REACHES', 'BY RELAY', 'NO WAY', 'SLOWEST'];
  return table(
    head.map(colours.dim),
    nodes.map((from) => summaryRow(status, from, nodes, colours)),
  );
}

function summaryRow(
  status: NetworkStatus,
  from: NodeNetwork,
  nodes: readonly NodeNetwork[],
  colours: Paint,
): readonly string[] {
  const sights = nodes
    .filter((to) => to !== from)
    .flatMap((to) => {
      const sight = sightOf(from, to);
      return sight === null ? [] : [{ to, sight }];
    });
  const none = sights.filter(({ sight, to }) => sight.way === 'none' && to.status === 'online');
  const reached = sights.filter(({ sight }) => sight.way !== 'none');
  const relayed = reached.filter(({ sight }) => sight.way === 'relay').length;
  const [slowest] = reached.toSorted(
    (a, b) => (b.sight.roundTrip ?? -1) - (a.sight.roundTrip ?? -1),
  );
  return [
    from.name,
    sights.length === 0 ? '?' : `${reached.length} of ${nodes.length - 1}`,
    relayed === 0 ? '' : colours.yellow(String(relayed)),
    none.length === 0
      ? ''
      : colours.red(
          none.length > 3 ? String(none.length) : none.map(({ to }) => to.name).join(','),
        ),
    slowest === undefined ? '' : `${printSight(status, slowest.sight)} to ${slowest.to.name}`,
  ];
}

function widest(text: string): number {
  return Math.max(
    ...stripVTControlCharacters(text)
      .split('\n')
      .map((line) => line.length),
  );
}
