import type { Affinity, Grid, NodeWish, PreviewPolicy } from '../model/grid.ts';
import { DEFAULT_MTU } from '../model/network.ts';
import type { Position } from '../model/problem.ts';
import { parseSubnet } from './addresses.ts';
import { parseAffinity } from './affinity.ts';
import { readWindows } from './deploy-windows.ts';
import { parseDuration } from './durations.ts';
import { readGracePeriods } from './grace-period.ts';
import { concealPasswords, readRegistries } from './registries.ts';
import type { Report } from './report.ts';
import { GridHead } from './schema.ts';
import type { SecretBook } from './secrets-file.ts';
import { parseAt, parseEach, type Section } from './section.ts';
import type { Duplicates } from './sources.ts';
import { isNull, locate, mapNode, type ScalarNode, type TreeNode, valueAt } from './tree.ts';
import { createValidator } from './validate.ts';

/** `grid.yml`: the grid, and what it says of stacks. Their entries are for the stacks to check: each stack by itself. */
export interface GridDraft {
  /** `null` when something outside of `stacks` is wrong. */
  readonly grid: Grid | null;
  readonly stacks: ReadonlyMap<string, StackMention>;
  /** Stacks that run once more for pull requests, by name. */
  readonly previews: ReadonlyMap<string, StackMention>;
  /** How keys that are written twice are taken in the grid's stack files. */
  readonly duplicates: Duplicates;
}

export interface StackMention {
  readonly key: ScalarNode;
  readonly value: TreeNode;
}

const validate = createValidator(GridHead);

/** Kontena's subnet; the budget and the timeout are ours. */
const defaults = { subnet: '10.81.0.0/16', pruneBudget: 0.3, deployTimeout: 600 };

export interface GridFileInput {
  readonly name: string;
  readonly at: Position;
  /** `null`: there is no such file, and every key has its default. */
  readonly root: TreeNode | null;
  readonly book: SecretBook;
  readonly report: Report;
}

/** A grid file → its grid. */
export function readGrid({ name, at, root, book, report }: GridFileInput): GridDraft {
  const node = root === null || isNull(root) ? mapNode(at, new Map()) : root;
  concealPasswords(node, book, report);
  const value = validate(node, report);
  const stacks = mentionsAt(node);
  const previews = mentionsAt(valueAt(node, 'previews') ?? node);
  if (value === null) return { grid: null, stacks, previews: new Map(), duplicates: 'refuse' };
  const section = { value, node, report };
  const registries = readRegistries(section, book);
  const hasAccounts = Object.keys(registries).length > 0;
  const grid = { ...toGrid(name, section), ...(hasAccounts ? { registries } : {}) };
  const duplicates = value.compat === 'kontena' ? 'last-wins' : 'refuse';
  const named = value.previews === undefined ? new Map<string, StackMention>() : previews;
  return { grid: report.failed() ? null : grid, stacks, previews: named, duplicates };
}

function mentionsAt(node: TreeNode): ReadonlyMap<string, StackMention> {
  const stacks = valueAt(node, 'stacks');
  return stacks?.kind === 'map' ? stacks.entries : new Map();
}

function toGrid(name: string, section: Section<GridHead>): Grid {
  const { value } = section;
  const gracePeriods = readGracePeriods(section);
  const windows = readWindows(section);
  return {
    name,
    subnet: readSubnet(section),
    trustedSubnets: parseEach(section, 'trusted_subnets', value.trusted_subnets, parseSubnet).map(
      (s) => s.value,
    ),
    mtu: value.mtu ?? DEFAULT_MTU,
    defaultAffinity: readAffinity(section),
    nodes: readNodes(value.nodes ?? {}),
    pruneBudget: readBudget(value.prune?.budget),
    deployTimeout: readTimeout(section),
    ...(value.drift === undefined ? {} : { drift: value.drift }),
    ...(Object.keys(gracePeriods).length === 0 ? {} : { gracePeriods }),
    ...(value.deploy?.parallel === undefined ? {} : { parallel: value.deploy.parallel }),
    ...(value.deploy?.on_failure === undefined ? {} : { onFailure: value.deploy.on_failure }),
    ...(windows.length === 0 ? {} : { windows }),
    ...(value.deploy?.require_reviewed_plan === true ? { requireReviewedPlan: true } : {}),
    ...(value.deploy?.environment_url === undefined
      ? {}
      : { environmentUrl: value.deploy.environment_url }),
    ...(value.previews === undefined ? {} : { previews: readPreviews(value.previews) }),
  };
}

/** How many pull requests run something at a time where nothing is said. */
const previewLimit = 5;

function readPreviews(written: NonNullable<GridHead['previews']>): PreviewPolicy {
  const { stacks, limit = previewLimit, secrets = [], url } = written;
  const named = Object.entries(stacks).map(
    ([name, { when = 'changed' }]) => [name, { when }] as const,
  );
  return {
    limit,
    secrets: secrets.map(String),
    ...(url === undefined ? {} : { url }),
    stacks: Object.fromEntries(named),
  };
}

/** Half of the subnet is for nodes, half for containers: a smaller one than /24 has no room for either. */
function readSubnet(section: Section<GridHead>): string {
  const subnet = parseAt(section, ['subnet'], section.value.subnet, parseSubnet);
  if (subnet === null) return defaults.subnet;
  const length = Number(subnet.split('/')[1]);
  if (length >= 8 && length <= 24) return subnet;
  const message = `a grid's subnet must be between /8 and /24, not /${length}`;
  section.report.error(locate(section.node, ['subnet']), { code: 'bad-subnet', message });
  return subnet;
}

function readAffinity(section: Section<GridHead>): readonly Affinity[] {
  return parseEach(section, 'default_affinity', section.value.default_affinity, parseAffinity).map(
    (a) => a.value,
  );
}

function readNodes(nodes: NonNullable<GridHead['nodes']>): Readonly<Record<string, NodeWish>> {
  return Object.fromEntries(
    Object.entries(nodes).map(([name, { labels = [], availability = 'active' }]) => [
      name,
      { labels: [...labels], availability },
    ]),
  );
}

function readBudget(budget: string | undefined): number {
  return budget === undefined ? defaults.pruneBudget : Number(budget.replace('%', '')) / 100;
}

function readTimeout(section: Section<GridHead>): number {
  const path = ['deploy', 'timeout'];
  const timeout = parseAt(section, path, section.value.deploy?.timeout, parseDuration);
  if (timeout !== 0) return timeout ?? defaults.deployTimeout;
  const message = 'a deploy needs more than no time';
  section.report.error(locate(section.node, path), { code: 'bad-duration', message });
  return timeout;
}

/** Whether a grid file says nothing at all. */
export function isEmptyGrid(root: TreeNode | null): boolean {
  return root === null || isNull(root) || (root.kind === 'map' && root.entries.size === 0);
}
