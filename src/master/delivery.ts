import type { AssignedInstance } from '../model/assignment.ts';
import type { Delivery, FileBundle } from '../model/delivery.ts';
import type { Service } from '../model/grid.ts';
import { servicePath } from '../model/identity.ts';
import { contentOf, type ReadableFile } from '../model/source.ts';

export interface DeliverySources {
  /** The desired state's services by path. */
  readonly services: ReadonlyMap<string, Service>;
  /** What they last served with, which some still do or do again. */
  readonly past?: ReadonlyMap<string, { readonly definition: Service }> | undefined;
  /** What the node's last assignment delivered: instances that are not replaced yet still mount it. */
  readonly before: Delivery | undefined;
  /** Content → base64. */
  readonly encode: Encode;
}

export type Encode = (file: ReadableFile) => string;

/** What many nodes get is encoded, and held in memory, once. */
export function createEncoder(): Encode {
  const known = new WeakMap<ReadableFile, string>();
  return (file) => {
    const text = known.get(file) ?? Buffer.from(contentOf(file)).toString('base64');
    known.set(file, text);
    return text;
  };
}

/** Everything that instances mount of the repository, each bundle and each content once. `null`: nothing. */
export function deliveryOf(
  instances: readonly AssignedInstance[],
  sources: DeliverySources,
): Delivery | null {
  const bundles: Record<string, FileBundle> = {};
  const contents: Record<string, string> = {};
  for (const { digest, instance } of mountedBy(instances)) {
    if (Object.hasOwn(bundles, digest)) continue;
    const bundle = findBundle(digest, instance, sources);
    if (bundle === undefined) continue;
    bundles[digest] = bundle;
    for (const { content } of bundle.files) {
      const text = contents[content] ?? findContent(content, instance, sources);
      if (text !== undefined) contents[content] = text;
    }
  }
  return Object.keys(bundles).length === 0 ? null : { bundles, contents };
}

function* mountedBy(instances: readonly AssignedInstance[]) {
  for (const instance of instances)
    for (const mount of instance.spec.mounts)
      if (mount.kind === 'files') yield { digest: mount.digest, instance };
}

/** Of then, of now: what is known by its digest is the same in both. */
function filesOf(instance: AssignedInstance, { services, past }: DeliverySources) {
  const path = servicePath(instance);
  const definition = past?.get(path)?.definition;
  return definition?.specHash === instance.specHash ? definition.files : services.get(path)?.files;
}

function findBundle(digest: string, instance: AssignedInstance, sources: DeliverySources) {
  return filesOf(instance, sources)?.bundles[digest] ?? sources.before?.bundles[digest];
}

/** Base64. The last assignment has it ready, if it has it. */
function findContent(
  content: string,
  instance: AssignedInstance,
  sources: DeliverySources,
): string | undefined {
  const before = sources.before?.contents[content];
  if (before !== undefined) return before;
  const file = filesOf(instance, sources)?.contents[content];
  return file === undefined ? undefined : sources.encode(file);
}
