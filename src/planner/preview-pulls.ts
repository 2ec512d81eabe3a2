import { compareText, instancePath, servicePath } from '../model/identity.ts';
import type { ObservedNode } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { ImagePull } from '../model/preview.ts';
import { showMarks } from '../model/secret.ts';
import type { Services } from './service-changes.ts';

/** Bytes of an image, as far as anybody has seen it. */
export type ImageSizes = ReadonlyMap<string, number>;

/** Images of instances that come to nodes on which nothing runs with them. */
export function imagePulls(of: {
  readonly plan: Plan;
  readonly before: Services;
  readonly after: Services;
  readonly nodes: readonly ObservedNode[];
  readonly sizes: ImageSizes;
}): readonly ImagePull[] {
  const present = new Map(of.nodes.map((node) => [node.name, imagesOn(node, of.before)]));
  const wanted = new Map<string, Set<string>>();
  for (const { steps } of of.plan.waves)
    for (const step of steps) {
      const image = of.after.get(servicePath(step))?.spec.image;
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

/** What has a container has its image: that of what it was assigned, or of what runs by the base. */
function imagesOn({ instances, assigned }: ObservedNode, before: Services): ReadonlySet<string> {
  const specs = new Map(
    assigned.map((one) => [`${instancePath(one)} ${one.specHash}`, one.spec] as const),
  );
  const images = new Set<string>();
  for (const instance of instances) {
    if (instance.current === null) continue;
    const { specHash } = instance.current;
    const known = before.get(servicePath(instance));
    const own = known?.specHash === specHash ? known.spec : undefined;
    const spec = specs.get(`${instancePath(instance)} ${specHash}`) ?? own;
    if (spec !== undefined) images.add(spec.image);
  }
  return images;
}
