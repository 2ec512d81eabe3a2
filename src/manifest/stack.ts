import { type Balancers, settleBalanced } from './balanced.ts';
import { checkBalanced } from './balancer-claims.ts';
import { isBalancer } from './balancer-image.ts';
import type { ChildStack } from './child-stacks.ts';
import { readConfigs, readSecrets } from './configs.ts';
import { completedServices } from './job.ts';
import { warnOfNetworks } from './networks.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { type ResolvedStack, resolveStack, type StackInput } from './resolve-stack.ts';
import { openSecretBook } from './secrets-file.ts';
import { readService, type ServiceContext, type ServiceDraft } from './service.ts';
import { didYouMean } from './suggest.ts';
import { type MapNode, type TreeNode, valueAt } from './tree.ts';
import { readVolumes } from './volumes.ts';
import { settleBorrowers } from './volumes-from.ts';

/** Is shown a stack on its way, as its files say it, before it becomes what is deployed. */
export type StackObserver = (stack: ResolvedStack) => void;

/** A stack by itself: nothing of it depends on other stacks. */
export interface StackDraft {
  readonly services: readonly ServiceDraft[];
  /** Names of these, and of services with problems. `null` when the file could not be read that far. */
  readonly names: readonly string[] | null;
  /** Those of them that are load balancers. */
  readonly balancers: readonly string[];
  /** Names of services that the file has and that are not switched on. */
  readonly off: readonly string[];
  /** Whether a service depends on one of another stack. */
  readonly isLinked: boolean;
  /** The stacks that come with it. */
  readonly children: readonly ChildStack[];
}

/** What is left of a stack that could not be read. */
export const emptyDraft: StackDraft = {
  services: [],
  names: null,
  balancers: [],
  off: [],
  isLinked: false,
  children: [],
};

/** One stack file → its services. All problems go to the report; what could be read is returned even so. */
export function compileStack(
  input: StackInput & { readonly observe?: StackObserver | undefined },
): StackDraft {
  const resolved = resolveStack(input);
  input.observe?.(resolved);
  return { ...readServices(input, resolved), children: resolved.children };
}

function readServices(input: StackInput, resolved: ResolvedStack): StackDraft {
  const { report } = input;
  const { head, names } = resolved;
  if (head === null || names === null) return emptyDraft;
  warnOfName(valueAt(head, 'name'), input.name, report);
  warnOfNetworks(head, resolved.services, report);
  warnOfLeftovers(head, report);
  const context = contextOf(input, { head, names, resolved });
  const services = resolved.services.flatMap(({ key, node }) => {
    const draft = report.isFull() ? null : readService(key, key.text, node, context);
    return draft === null ? [] : [draft];
  });
  warnOfAmbiguousNames(services, report);
  const isLinked = services.some((d) => d.dependencies.some(({ stack }) => stack !== input.name));
  const { off } = resolved;
  const { balancers } = context;
  const settled = settleInside(settleBorrowers(services, report), {
    stack: input.name,
    isLinked,
    context,
  });
  return { services: settled, names, balancers, off, isLinked, children: [] };
}

interface Inside {
  readonly stack: string;
  readonly isLinked: boolean;
  readonly context: ServiceContext;
}

/** What the stack by itself tells of load balancers; services that link to other stacks are looked at with those. */
function settleInside(
  drafts: readonly ServiceDraft[],
  { stack, isLinked, context: { balancers, report } }: Inside,
): readonly ServiceDraft[] {
  const inside: Balancers = {
    is: (path) =>
      path.startsWith(`${stack}/`) ? balancers.includes(path.slice(stack.length + 1)) : null,
  };
  if (drafts.every(({ service }) => service.balanced === undefined)) return drafts;
  const settled = drafts.map((draft) => {
    const isWhole = (draft.service.balanced?.by ?? []).every((path) => inside.is(path) !== null);
    return settleBalanced(draft, inside, { report, isWhole });
  });
  if (!isLinked) checkBalanced([{ drafts: settled, report }], inside);
  return settled;
}

interface StackParts {
  readonly head: MapNode;
  readonly names: readonly string[];
  readonly resolved: ResolvedStack;
}

/** In Compose and app files a volume is the project's, declared or not. */
function contextOf(input: StackInput, { head, names, resolved }: StackParts): ServiceContext {
  const { grid, name: stack, sources, report } = input;
  const isStack = resolved.dialect === 'stack';
  const book = openSecretBook(grid, sources);
  const { vault } = resolved;
  const mounts = {
    volumes: readVolumes(valueAt(head, 'volumes'), isStack ? 'instance' : 'stack', report),
    undeclared: isStack ? 'refuse' : 'declare',
    configs: readConfigs(valueAt(head, 'configs'), sources, report),
    secrets: readSecrets(valueAt(head, 'secrets'), report),
    book,
  } as const;
  const exposed = readExpose(valueAt(head, 'expose'), names, report);
  const secrets = { book, vault };
  const balancers = resolved.services
    .filter(({ node }) => isBalancer(node))
    .map(({ key }) => key.text);
  const completed = completedServices(resolved.services);
  return { grid, stack, names, balancers, exposed, completed, mounts, secrets, sources, report };
}

/** `name` of a Compose file: the project's, which is called as its folder is. */
function warnOfName(written: TreeNode | null, stack: string, report: Report): void {
  if (written?.kind !== 'scalar' || written.text === stack) return;
  const message = `the stack is called ${quote(stack)}, as its folder is; "name" has no effect`;
  report.warn(written, {
    code: 'no-effect',
    message,
    hint: 'Rename the folder, or remove "name".',
  });
}

/** Kontena let them be, and did nothing with them. */
function warnOfLeftovers(head: MapNode, report: Report): void {
  for (const name of ['data', 'errors']) {
    const key = head.entries.get(name)?.key;
    const message = `${quote(name)} has no meaning here`;
    if (key !== undefined) report.warn(key, { code: 'no-effect', message });
  }
}

/** The service that answers to the stack's name; one that is not there is a problem. */
function readExpose(
  written: TreeNode | null,
  names: readonly string[],
  report: Report,
): string | null {
  if (written?.kind !== 'scalar') return null;
  if (names.includes(written.text)) return written.text;
  const message = `the stack has no service ${quote(written.text)} to expose`;
  const near = didYouMean(written.text, names);
  report.error(written, { code: 'unknown-service', message, ...near });
  return null;
}

/** A service `web-1` beside a `web` has the DNS name of the first instance of the other. */
function warnOfAmbiguousNames(drafts: readonly ServiceDraft[], report: Report): void {
  const instances = new Map(drafts.map(({ service }) => [service.name, service.instances]));
  for (const { service } of drafts) {
    const [, base = '', number] = /^(.+)-([1-9]\d{0,4})$/.exec(service.name) ?? [];
    if (number === undefined || Number(number) > (instances.get(base) ?? 0)) continue;
    const message = `${quote(service.name)} is also the name of instance ${number} of the service ${quote(base)}`;
    report.warn(service.position, {
      code: 'ambiguous-name',
      message,
      hint: 'Rename one of the two services.',
    });
  }
}
