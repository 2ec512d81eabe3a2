import type { DesiredState } from '../model/desired.ts';
import { compareText } from '../model/identity.ts';
import type { ObservedNode } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { ImagePull } from '../model/preview.ts';
import { showMarks } from '../model/secret.ts';

/** Bytes of an image, as far as anybody has seen it. */
export type ImageSizes = ReadonlyMap<string, number>;

/** Images of instances that come to nodes on which nothing runs with them. */
export function imagePulls(of: {
  readonly plan: Plan;
  readonly desired: DesiredState;
  readonly nodes: readonly ObservedNode[];
  readonly sizes: ImageSizes;
}): readonly ImagePull[] {
  const images = imagesOf(of.desired);
  const present = new Map(of.nodes.map((node) => [node.name, imagesOn(node)]));
  const wanted = new Map<string, Set<string>>();
  for (const { steps } of of.plan.waves)
    for (const step of steps) {
      const image = images.get(`${step.stack}/${step.service}`);
      if (step.kind === 'remove' || image === undefined) continue;
      if (present.get(step.node)?.has(image) === true) continue;
      const nodes = wanted.get(image);
      if (nodes === undefined) wanted.set(image, new Set([step.node]));
      else nodes.add(step.node);
    }
  return [...wanted]
    .toSorted(([a], [b]) => compareText(a, b))
    .map(([image, nodes]) => ({
      image: showMarks(image),
      nodes: [...nodes].toSorted(compareText),
      bytes: of.sizes.get(image) ?? null,
    }));
}

function imagesOf({ stacks }: DesiredState): ReadonlyMap<string, string> {
  return new Map(
    stacks.flatMap(({ services }) =>
      services.map(({ stack, name, spec }) => [`${stack}/${name}`, spec.image] as const),
    ),
  );
}

/** What has a container has its image. */
function imagesOn({ instances, assigned }: ObservedNode): ReadonlySet<string> {
  const running = new Set(
    instances.flatMap(({ stack, service, number, current }) =>
      current === null ? [] : [`${stack}/${service}-${number} ${current.specHash}`],
    ),
  );
  return new Set(
    assigned.flatMap(({ stack, service, number, specHash, spec }) =>
      spec !== undefined && running.has(`${stack}/${service}-${number} ${specHash}`)
        ? [spec.image]
        : [],
    ),
  );
}
