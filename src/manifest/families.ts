import { compareText } from '../model/identity.ts';
import type { ChildStack } from './child-stacks.ts';
import type { LinkedStack } from './dependencies.ts';
import { quote } from './quote.ts';
import { isValuesOnly, type StackListing } from './stack-list.ts';

/** How many may be brought along in one grid: they bring others along, and would multiply without a bound. */
const maxBrought = 500;

/**
 * Compiles the stacks that the grid lists, and those that they bring along. What grid.yml says of a stack without saying where
 * its file is belongs to one that is brought along, if there is one. By name.
 */
export function compileFamilies(
  listings: readonly StackListing[],
  compile: (listing: StackListing) => LinkedStack,
): readonly LinkedStack[] {
  const waiting = new Map(listings.filter(isValuesOnly).map((listing) => [listing.name, listing]));
  const done = new Map<string, LinkedStack>();
  const listed = listings.filter((listing) => !isValuesOnly(listing));
  const taken = new Set(listed.map(({ name }) => name));
  const most = taken.size + maxBrought;
  const queue = [...listed];
  // What is brought along is added at the end while the queue is walked.
  for (const listing of queue) {
    const stack = compile(listing);
    done.set(stack.name, stack);
    for (const child of stack.draft.children) {
      if (stack.report.isFull() || !accept(child, { taken, most }, stack)) continue;
      const mention = waiting.get(child.name)?.mention ?? null;
      waiting.delete(child.name);
      queue.push({ name: child.name, hasFolder: false, mention, child });
    }
  }
  for (const listing of waiting.values()) done.set(listing.name, compile(listing));
  const stacks = [...done.values()];
  // What is listed is in order already.
  return stacks.length === listed.length
    ? stacks
    : stacks.toSorted((a, b) => compareText(a.name, b.name));
}

interface Room {
  readonly taken: Set<string>;
  readonly most: number;
}

function accept(child: ChildStack, { taken, most }: Room, { report }: LinkedStack): boolean {
  const isTaken = taken.has(child.name);
  if (!isTaken && taken.size < most) {
    taken.add(child.name);
    return true;
  }
  const message = isTaken
    ? `the grid has a stack ${quote(child.name)} already`
    : `more than ${maxBrought} stacks of the grid would be brought along by others`;
  report.error(child.key, { code: 'duplicate-stack', message, hint: 'Rename one of the two.' });
  return false;
}
