import type { Balanced, BalancerSettings } from './balancing.ts';
import type { ServiceFiles } from './delivery.ts';
import type { DeployWindow } from './deploy-window.ts';
import type { DriftPolicy } from './drift.ts';
import type { Job } from './job.ts';
import type { Position } from './problem.ts';
import type { DeclaredAccount } from './registry-account.ts';
import type { SecretSources } from './secret.ts';
import type { StackOrigin } from './source.ts';
import type { ContainerSpec } from './spec.ts';

/** A set of host nodes that is one scheduling and trust domain; `grids/<name>/grid.yml`. */
export interface Grid {
  readonly name: string;
  readonly subnet: string;
  readonly trustedSubnets: readonly string[];
  /** Bytes, as containers see it. */
  readonly mtu: number;
  readonly defaultAffinity: readonly Affinity[];
  /** The operator's wishes for nodes, by node name. */
  readonly nodes: Readonly<Record<string, NodeWish>>;
  /** The share of instances (0..1) that one plan may remove without confirmation. */
  readonly pruneBudget: number;
  /** Seconds until a deploy that does not converge has failed. */
  readonly deployTimeout: number;
  /** Absent: repair. What its services go by that say nothing themselves. */
  readonly drift?: DriftPolicy;
  /** Absent: Kontena's. */
  readonly gracePeriods?: GracePeriods;
  /** How many steps may be in flight at a time; absent: the master's default. */
  readonly parallel?: number;
  /** What becomes of a service whose rollout fails, unless it says so itself; absent: it is held. */
  readonly onFailure?: OnFailure;
  /** Absent: it may be deployed to at any time. */
  readonly windows?: readonly DeployWindow[];
  /** A commit whose plan no pull request has shown is deployed only when a person has confirmed it. */
  readonly requireReviewedPlan?: true;
  /** Where people find what runs in it, for the forge to link to; absent: nowhere. */
  readonly environmentUrl?: string;
  /** Absent: pull requests run nothing in it. */
  readonly previews?: PreviewPolicy;
  /** By host. Absent: images are pulled as anybody can pull them. */
  readonly registries?: Readonly<Record<string, DeclaredAccount>>;
}

/** Which of a grid's stacks run once more for each pull request, as its merge would have them. */
export interface PreviewPolicy {
  /** How many pull requests may have some at a time. */
  readonly limit: number;
  /** Names of sealed values that they may use. */
  readonly secrets: readonly string[];
  /** Where people find what runs, with variables in it; absent: nowhere. */
  readonly url?: string;
  /** By the stack's name. */
  readonly stacks: Readonly<Record<string, PreviewedStack>>;
}

export interface PreviewedStack {
  /** `changed`: of requests that change what the stack is. `always`: of all. */
  readonly when: 'changed' | 'always';
}

/** `hold`: what runs stays as it is, and the failed instance is tried again. `rollback`: the last good spec is run again. */
export type OnFailure = 'hold' | 'rollback';

/** What is stateful goes back only where it says so itself: its data may be of the newer version already. */
export function wantsRollback({ onFailure, stateful }: Service, grid: Grid): boolean {
  return (onFailure ?? (stateful ? 'hold' : grid.onFailure)) === 'rollback';
}

/** Whether an instance that has a node stays on it, whatever becomes of that: its data is there, and another node's is not. */
export function isBoundToNode({ stateful, strategy }: Service): boolean {
  return stateful && strategy !== 'daemon';
}

/** Seconds that a node may be gone before stateless instances are placed elsewhere, where they are not Kontena's. */
export type GracePeriods = Readonly<Partial<Record<Strategy, number>>>;

export interface NodeWish {
  readonly labels: readonly string[];
  readonly availability: Availability;
}

export type Availability = 'active' | 'drain';

/** Who said that nothing is to run on a node, and when, in milliseconds since the epoch. */
export interface Drained {
  readonly by: string;
  readonly at: number;
}

/** One placement rule, `KEY(==|!=)[~]VALUE` (kontena.md 4.4). `soft` rules are dropped when nothing satisfies them. */
export interface Affinity {
  readonly key: 'node' | 'service' | 'container' | 'label';
  readonly negated: boolean;
  readonly soft: boolean;
  /** Literal text or, between slashes, a regular expression. May hold `%s`, the instance number. */
  readonly value: string;
}

export interface Stack {
  readonly name: string;
  readonly services: readonly Service[];
  /** Absent: it is from the grid's own repository. */
  readonly from?: StackOrigin;
}

export type Strategy = 'ha' | 'daemon' | 'random';

export interface Service {
  readonly stack: string;
  readonly name: string;
  /** How many; for `daemon` how many on each matching node. */
  readonly instances: number;
  readonly stateful: boolean;
  readonly affinity: readonly Affinity[];
  readonly strategy: Strategy;
  /** The share of instances (0..1) that must stay healthy during a rollout (kontena.md 4.6). */
  readonly minHealth: number;
  /** Absent: as the grid says, and `hold` for stateful ones. */
  readonly onFailure?: OnFailure;
  /** Absent: none. Rules that come with what the service uses, whatever `affinity` says: hard, and never the grid's. */
  readonly beside?: readonly Affinity[];
  /** Service paths (`stack/service`) that must be converged before this one starts: links and depends_on. */
  readonly dependsOn: readonly string[];
  readonly spec: ContainerSpec;
  /** Absent: none. What stands behind the spec's mounts of the kind `files`. */
  readonly files?: ServiceFiles;
  /** Absent: none. What the marks in the spec stand for, and those in what load balancers are told. */
  readonly secrets?: SecretSources;
  /** Absent: it links to nothing that could be a load balancer. */
  readonly balanced?: Balanced;
  /** Present on load balancers only. */
  readonly balancer?: BalancerSettings;
  /** Present on jobs only. */
  readonly job?: Job;
  /** Identifies the spec; two services with equal specs have equal hashes, unless one was deployed anew by its interval. */
  readonly specHash: string;
  /** Seconds after which it is deployed anew, changed or not. Absent: when it changes, and not else. */
  readonly interval?: number;
  /** Where the service is written. */
  readonly position: Position;
  /** Absent: as the grid says. */
  readonly drift?: DriftPolicy;
}
