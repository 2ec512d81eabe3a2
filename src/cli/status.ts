import { instancePath, servicePath } from '../model/identity.ts';
import { GridList, GridStatus } from '../protocol/grid-api.ts';
import { InstanceList, type InstanceStatus } from '../protocol/instance-api.ts';
import { NodeList, type NodeStatus } from '../protocol/node-api.ts';
import { RepositoryList, type RepositoryStatus } from '../protocol/repository-api.ts';
import { ServiceList, type ServiceStatus } from '../protocol/service-api.ts';
import type { Client } from './client.ts';
import { printDrift } from './drift.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { printNodes } from './node.ts';
import { age, type Paint, paint, shortSha, show, table } from './output.ts';
import { printProblems } from './problem-text.ts';
import { isTroubled, printTroubles } from './repositories.ts';

type Status = GridStatus;

export interface GridDetails {
  readonly grid: Status;
  readonly services: readonly ServiceStatus[];
  readonly instances: readonly InstanceStatus[];
  readonly nodes: readonly NodeStatus[];
}

/** All grids on a line each. The exit code is that of the worst: failed, then held, then done. */
export async function statusOfAll(io: Io, client: Client, json: boolean): Promise<ExitCode> {
  const [{ grids }, { repositories }] = await Promise.all([
    client.get(GridList, '/grids'),
    client.get(RepositoryList, '/repositories'),
  ]);
  const value = { grids, repositories };
  show(io, { json, value, text: (shown) => printAll(io, shown) });
  if (repositories.some(isTroubled)) return EXIT.failed;
  const codes = grids.map(exitOf);
  return codes.includes(EXIT.failed)
    ? EXIT.failed
    : codes.includes(EXIT.held)
      ? EXIT.held
      : EXIT.done;
}

/** One grid with its services, instances and nodes. */
export async function statusOfGrid(
  io: Io,
  client: Client,
  options: { readonly grid: string; readonly json: boolean },
): Promise<ExitCode> {
  const path = `/grids/${encodeURIComponent(options.grid)}`;
  const [grid, services, instances, nodes] = await Promise.all([
    client.get(GridStatus, path),
    client.get(ServiceList, `${path}/services`),
    client.get(InstanceList, `${path}/instances`),
    client.get(NodeList, `${path}/nodes`),
  ]);
  const value: GridDetails = { grid, ...services, ...instances, ...nodes };
  show(io, { json: options.json, value, text: (shown) => printDetails(io, shown) });
  return exitOf(grid);
}

function exitOf(grid: Status): ExitCode {
  const broken = grid.problems.some((problem) => problem.severity === 'error');
  if (broken || grid.fault !== null || grid.deploy?.phase === 'failed') return EXIT.failed;
  if (grid.counts.failing + grid.counts.blocked > 0) return EXIT.failed;
  return grid.deploy?.phase === 'held' ? EXIT.held : EXIT.done;
}

interface Everything {
  readonly grids: readonly Status[];
  readonly repositories: readonly RepositoryStatus[];
}

function printAll(io: Io, { grids, repositories }: Everything): string {
  const colours = paint(io);
  const holding = repositories.filter(({ holds }) => holds !== 'stacks');
  const blocks = [
    printGrids(grids, { colours, withRepository: holding.length > 1 }),
    printTroubles(io, repositories, colours),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function printGrids(
  grids: readonly Status[],
  { colours, withRepository }: { readonly colours: Paint; readonly withRepository: boolean },
): string {
  if (grids.length === 0) return 'No grid yet: push a file grids/<name>/grid.yml.';
  const repository = withRepository ? ['REPOSITORY'] : [];
  return table(
    ['GRID', ...repository, 'STATE', 'COMMIT', 'INSTANCES', 'NODES', 'MESSAGE'].map(colours.dim),
    grids.map((grid) => [
      grid.name,
      ...(withRepository ? [grid.repository ?? '-'] : []),
      stateOf(grid, colours),
      shortSha(grid.deploy?.sha ?? grid.head),
      `${grid.counts.ready}/${grid.counts.wanted}`,
      `${grid.counts.nodesOnline}/${grid.counts.nodes}`,
      grid.fault?.message ?? grid.deploy?.message ?? 'nothing deployed yet',
    ]),
  );
}

function stateOf(grid: Status, colours: Paint): string {
  if (grid.problems.some((problem) => problem.severity === 'error')) return colours.red('problems');
  const phase = grid.deploy?.phase ?? 'empty';
  if (phase === 'failed') return colours.red(phase);
  if (phase === 'held') return colours.yellow(phase);
  if (phase !== 'succeeded') return phase;
  if (grid.counts.failing + grid.counts.blocked > 0) return colours.red('failing');
  return grid.converged ? colours.green('converged') : 'converging';
}

function printDetails(io: Io, value: GridDetails): string {
  const colours = paint(io);
  const { grid } = value;
  const blocks = [
    head(io, grid, colours),
    printProblems(grid.problems, colours),
    value.services.length === 0 ? 'No services.' : printServices(value.services, colours),
    value.instances.length === 0 ? '' : printInstances(value.instances, colours),
    printDrift(io, value.instances),
    failures(value.instances),
    divergences(value.services),
    printNodes(io, value.nodes),
  ];
  return blocks.filter((block) => block !== '').join('\n\n');
}

function head(io: Io, grid: Status, colours: Paint): string {
  const { deploy, fault } = grid;
  const lines = [
    `${colours.bold(grid.name)}: ${stateOf(grid, colours)}`,
    ...(grid.repository === undefined ? [] : [`  in the repository ${grid.repository}`]),
    ...(grid.foreign ?? []).map(
      ({ stack, repository, sha }) => `  stack ${stack} from ${repository} at ${shortSha(sha)}`,
    ),
    `  branch at ${shortSha(grid.head)}, converged at ${shortSha(grid.deployed)}`,
  ];
  if (deploy !== null)
    lines.push(
      `  deploy ${deploy.id} of ${shortSha(deploy.sha)}, ${age(io.clock.now() - deploy.createdAt)} ago: ${deploy.message}`,
    );
  // A commit that waits says so itself.
  if (grid.closed !== undefined && grid.closed.message !== deploy?.message)
    lines.push(colours.yellow(`  ${grid.closed.message}`));
  if (deploy?.phase === 'held') lines.push(`  to go on: gridops approve ${deploy.id}`);
  if (fault !== null)
    lines.push(
      colours.red(
        `  the repository cannot be read since ${age(io.clock.now() - fault.since)}: ${fault.message}`,
      ),
    );
  return lines.join('\n');
}

function printServices(services: readonly ServiceStatus[], colours: Paint): string {
  return table(
    ['SERVICE', 'READY', 'UPDATED', 'HEALTH', 'IMAGE'].map(colours.dim),
    services.map((service) => [
      servicePath({ stack: service.stack, service: service.name }) +
        (service.held ? ' (held back)' : '') +
        (service.divergence === undefined ? '' : ' (rolled back)'),
      `${service.ready}/${service.wanted}`,
      `${service.updated}/${service.wanted}`,
      tone(service.health, colours),
      service.image,
    ]),
  );
}

function printInstances(instances: readonly InstanceStatus[], colours: Paint): string {
  return table(
    ['INSTANCE', 'STATE', 'NODE', 'CONTAINER', 'HEALTH', 'COMMIT', ''].map(colours.dim),
    instances.map((instance) => [
      instancePath(instance),
      tone(instance.state, colours),
      instance.node ?? '-',
      instance.containerId?.slice(0, 12) ?? '-',
      tone(instance.health, colours),
      shortSha(instance.revision),
      instance.attempt?.message ?? '',
    ]),
  );
}

/** Why instances fail, with the last lines of their containers. */
function failures(instances: readonly InstanceStatus[]): string {
  return instances
    .flatMap((instance) => {
      const failure = instance.attempt?.failure;
      if (failure === null || failure === undefined) return [];
      const first = `${instancePath(instance)} on ${instance.node ?? '?'}: ${failure.message}`;
      return [[first, ...failure.log.map((line) => `  | ${line}`)].join('\n')];
    })
    .join('\n\n');
}

/** Services that do not run what git says, and why. */
function divergences(services: readonly ServiceStatus[]): string {
  return services
    .flatMap(({ divergence: one }) => {
      if (one === undefined) return [];
      const lines = [
        `${servicePath(one)} diverges from git: it runs the spec of ${shortSha(one.revision)} again until a commit changes it`,
        `  ${instancePath(one)} on ${one.node}: ${one.failure.message}`,
        ...one.failure.log.map((line) => `  | ${line}`),
      ];
      return [lines.join('\n')];
    })
    .join('\n\n');
}

const good = new Set(['running', 'healthy']);
const bad = new Set(['failing', 'stopped', 'paused', 'blocked', 'unhealthy']);

function tone(word: string, colours: Paint): string {
  if (good.has(word)) return colours.green(word);
  return bad.has(word) ? colours.red(word) : word;
}
