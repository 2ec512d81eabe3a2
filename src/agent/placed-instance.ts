import type { AssignedInstance } from '../model/assignment.ts';
import type { InstanceId } from '../model/identity.ts';
import type { PlacedInstance } from './containers.ts';
import type { Work } from './work.ts';

/**
 * Puts in place what the containers of an instance mount. `null`: what it takes volumes from has no container for that now.
 *
 * A container keeps the volumes that it was given when it was made. So they are taken from a container that will stay, by its
 * id: by its name one would still get the one that is about to be replaced. Another definition of the lender is another spec
 * hash of the borrower (`settleBorrowers`), which is then replaced, too. A lender's container that is made anew from the same
 * definition replaces nobody: what is worth keeping is in named volumes, and those are the same.
 */
export async function placedInstance(
  instance: AssignedInstance,
  { files, balancers, readyContainer }: Pick<Work, 'files' | 'balancers' | 'readyContainer'>,
): Promise<PlacedInstance | null> {
  const placed = await files.place(instance.spec);
  const own = balancers.mountsOf(instance);
  const spec = own.length === 0 ? placed : { ...placed, mounts: [...placed.mounts, ...own] };
  const lenders = lendersOf(instance).flatMap((id) => readyContainer(id) ?? []);
  if (lenders.length < lendersOf(instance).length) return null;
  return { ...instance, spec, ...(lenders.length === 0 ? {} : { lenders }) };
}

/** Whose volumes an instance takes, in the order of its spec. */
export function lendersOf({ stack, number: own, spec }: AssignedInstance): readonly InstanceId[] {
  const { volumesFrom = [] } = spec;
  return volumesFrom.map(({ service, number }) => ({ stack, service, number: number ?? own }));
}
