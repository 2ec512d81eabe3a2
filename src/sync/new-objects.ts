import type { NewObject } from './loose-objects.ts';
import type { Mirror } from './mirror.ts';
import type { Commit } from './objects.ts';
import type { RawObjects } from './raw-objects.ts';
import { isSame, treeMode } from './raw-tree.ts';

// Of one object; what is larger was pushed by somebody, and is where it came from.
const mostBytes = 4 * 1024 * 1024;

/** What a commit has that its parent has not: folders and files first, each before what holds it, then the commit. */
export async function* newObjects(
  of: { readonly mirror: Mirror; readonly objects: RawObjects },
  commit: Commit,
  parent: Commit,
): AsyncGenerator<Omit<NewObject, 'digits'>> {
  if (commit.tree !== parent.tree) yield* newInTree(of, commit.tree, parent.tree);
  yield* one(of.mirror, commit.sha);
}

async function* newInTree(
  of: { readonly mirror: Mirror; readonly objects: RawObjects },
  tree: string,
  before: string | null,
): AsyncGenerator<Omit<NewObject, 'digits'>> {
  const known = before === null ? new Map() : await of.objects.tree(before);
  for (const [name, entry] of await of.objects.tree(tree)) {
    const was = known.get(name) ?? null;
    if (isSame(entry, was) || entry.mode === '160000') continue;
    if (entry.mode === treeMode) {
      yield* newInTree(of, entry.oid, was?.mode === treeMode ? was.oid : null);
    } else yield* one(of.mirror, entry.oid);
  }
  yield* one(of.mirror, tree);
}

async function* one(mirror: Mirror, oid: string): AsyncGenerator<Omit<NewObject, 'digits'>> {
  const object = await mirror.read(oid, mostBytes);
  if (object !== null && object.content !== null) {
    yield { kind: object.kind, content: object.content };
  }
}
