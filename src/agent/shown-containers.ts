import { type InstanceId, instancePath } from '../model/identity.ts';
import type { ContainerDecision } from '../planner/container-decision.ts';
import { isIll } from '../planner/container-roles.ts';
import type { InstanceView } from './instance-view.ts';
import type { AskingContainer, PublishedContainer, Publisher } from './publisher.ts';

/** What one instance lets others know of its containers: those that run, but for whom is about to be stopped. */
export class ShownContainers {
  readonly #id: InstanceId;
  readonly #publisher: Publisher;
  readonly #draining = new Set<string>();
  #told = '';

  constructor(id: InstanceId, publisher: Publisher) {
    this.#id = id;
    this.#publisher = publisher;
  }

  /** Whom the decision does not stop (any more) is found again. `null`: nothing was decided. */
  show(view: InstanceView, decision: ContainerDecision | null): void {
    const stopped = new Set(decision === null ? [] : stoppedBy(decision));
    for (const id of this.#draining) if (!stopped.has(id)) this.#draining.delete(id);
    this.#publish(view);
  }

  /** Resolves when nobody finds it any more; rejects with the signal's reason. */
  async drain(container: string, view: InstanceView, signal: AbortSignal): Promise<void> {
    this.#draining.add(container);
    this.#publish(view);
    await this.#publisher.settled(signal);
  }

  #publish(view: InstanceView): void {
    const containers = published(this.#id, view, this.#draining);
    const publication = { containers, askers: asking(this.#id, view) };
    const text = JSON.stringify(publication);
    if (text === this.#told) return;
    this.#told = text;
    this.#publisher.publish(instancePath(this.#id), publication);
  }
}

/** Containers that a decision stops. */
export function stoppedBy(decision: ContainerDecision): readonly string[] {
  if (decision.kind !== 'steps') return [];
  return decision.steps.flatMap((step) => (step.kind === 'stop-container' ? step.container : []));
}

function published(
  { stack, service, number }: InstanceId,
  view: InstanceView,
  draining: ReadonlySet<string>,
): readonly PublishedContainer[] {
  const snapshots = new Map(view.snapshots().map((one) => [one.id, one]));
  return view.facts.flatMap(({ id, phase, presence }) => {
    const snapshot = snapshots.get(id);
    if (phase !== 'running' || presence === null || snapshot === undefined) return [];
    // A check that has failed, but not as often as makes an illness, is no reason to find nobody where nobody else is.
    const ready = view.answers(id) && snapshot.health !== 'unhealthy';
    const healthy = !isIll(snapshot);
    const isDraining = draining.has(id);
    return [
      { stack, service, number, container: id, ready, healthy, draining: isDraining, ...presence },
    ];
  });
}

function asking({ stack }: InstanceId, view: InstanceView): readonly AskingContainer[] {
  return view.everything.flatMap(({ presence }) => {
    if (presence === null) return [];
    const { address, links, servers } = presence;
    return [{ stack, address, links, servers }];
  });
}
