import type { Balanced, BalancerSettings } from '../model/balancing.ts';
import type { ContainerSpec } from '../model/spec.ts';
import { backendVariables, readBackend } from './backend-settings.ts';
import { replacedFault, replacedImage } from './balancer-image.ts';
import { balancerVariables, isBalancerVariable, readBalancer } from './balancer-settings.ts';
import { type Variables, warnAt } from './balancer-variables.ts';
import type { Fault } from './report.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate } from './tree.ts';

export interface LoadBalancing {
  /** With what load balancing changes of it. */
  readonly spec: ContainerSpec;
  readonly balanced?: Balanced;
  readonly balancer?: BalancerSettings;
}

export interface BalancingContext {
  readonly stack: string;
  /** Whether it is one itself. */
  readonly isBalancer: boolean;
  /** Paths of the services that it links to, in the order of the file. */
  readonly links: readonly string[];
  /** The stack's load balancers, by name. */
  readonly balancers: readonly string[];
}

export function readBalancing(
  section: Section<ServiceEntry>,
  spec: ContainerSpec,
  context: BalancingContext,
): LoadBalancing {
  const { node, report } = section;
  const variables: Variables = { values: spec.env, node, report };
  return context.isBalancer
    ? readBalancerService(variables, spec)
    : readBalancedService(variables, spec, context);
}

function readBalancerService(variables: Variables, spec: ContainerSpec): LoadBalancing {
  const { node, report } = variables;
  warnOfUnknown(variables, {
    known: balancerVariables,
    others: backendVariables,
    whose: ofBackends,
  });
  const image = replacedImage(spec.image);
  if (image !== null) report.warn(locate(node, ['image']), replacedFault());
  const entries = Object.entries(spec.env).filter(([name]) => !isBalancerVariable(name));
  return {
    spec: { ...spec, image: image ?? spec.image, env: Object.fromEntries(entries) },
    balancer: readBalancer(variables),
  };
}

/**
 * Services of other stacks may or may not be load balancers, and their files may not be readable at the moment: whether a
 * container is another one must not depend on that. So labels are decided by this file alone.
 */
function readBalancedService(
  variables: Variables,
  spec: ContainerSpec,
  { stack, links, balancers }: BalancingContext,
): LoadBalancing {
  const written = Object.keys(spec.env).filter((name) => name.startsWith('KONTENA_LB_'));
  const own = new Set(balancers.map((name) => `${stack}/${name}`));
  const by = links.filter((path) => own.has(path) || !path.startsWith(`${stack}/`));
  if (written.length > 0)
    warnOfUnknown(variables, {
      known: backendVariables,
      others: balancerVariables,
      whose: ofItself,
    });
  const [first] = written;
  if (by.length === 0 && first !== undefined) warnAt(variables, first, unlinked);
  if (by.length === 0) return { spec };
  const settings = readBackend(variables, spec.healthCheck);
  const isSure = by.length === 1 && (written.length > 0 || own.has(by[0] ?? ''));
  const isBalanced = written.length > 0 || by.some((path) => own.has(path));
  const labels = {
    ...(isSure ? { 'io.kontena.load_balancer.name': by[0] ?? '' } : {}),
    'io.kontena.load_balancer.internal_port': String(settings.internalPort),
    'io.kontena.load_balancer.mode': settings.mode,
  };
  return {
    spec: isBalanced ? { ...spec, labels: { ...spec.labels, ...labels } } : spec,
    balanced: { by, settings },
  };
}

const ofBackends = 'it belongs to the services behind a load balancer';
const ofItself = 'it belongs to the load balancer itself';

export const unlinked: Fault = {
  code: 'no-effect',
  message: 'the service links to no load balancer: its KONTENA_LB_ variables have no effect',
  hint: 'Name the load balancer in "links", as "service" or "stack/service".',
};

interface Known {
  readonly known: readonly string[];
  readonly others: readonly string[];
  /** Why the others are not among the known. */
  readonly whose: string;
}

function warnOfUnknown(variables: Variables, { known, others, whose }: Known): void {
  for (const name of Object.keys(variables.values)) {
    if (!name.startsWith('KONTENA_LB_') || known.includes(name)) continue;
    const message = others.includes(name)
      ? `${name} has no effect here: ${whose}`
      : `no load balancer knows ${name}: it has no effect`;
    const near = others.includes(name) ? {} : didYouMean(name, known);
    warnAt(variables, name, { code: 'no-effect', message, ...near });
  }
}
