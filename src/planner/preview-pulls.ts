import { compareText, instancePath, servicePath } from '../model/identity.ts';
import type { ObservedNode } from '../model/observed.ts';
import type { Plan } from '../model/plan.ts';
import type { ImagePull } from '../model/preview.ts';
import { showMarks } from '../model/secret.ts';
import type { Services } from './service-changes.ts';

/** Images of instances that come to nodes which do not have them, as far as is known. */
export function imagePulls(of: {
  readonly plan: Plan;
  readonly before: Services;
  readonly after: Services;
  readonly nodes: readonly ObservedNode[];
}): readonly ImagePull[] {
  const sizes = sizesOn(of.nodes);
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
      bytes: sizes.get(image) ?? null,
    }));
}

/** What its engine has; and what has a container has its image: of what it was assigned, or of what runs by the base. */
function imagesOn(
  { instances, assigned, host }: ObservedNode,
  before: Services,
): ReadonlySet<string> {
  const specs = new Map(
    assigned.map((one) => [`${instancePath(one)} ${one.specHash}`, one.spec] as const),
  );
  const images = new Set(host?.images?.map(({ name }) => name));
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

/** Any node's word is good for all. Of several it is the largest: platforms differ. */
function sizesOn(nodes: readonly ObservedNode[]): ReadonlyMap<string, number> {
  const sizes = new Map<string, number>();
  for (const { host } of nodes)
    for (const { name, bytes } of host?.images ?? [])
      sizes.set(name, Math.max(bytes, sizes.get(name) ?? 0));
  return sizes;
}
