import { compareText } from '../model/identity.ts';
import type { ChildStack } from './child-stacks.ts';
import type { LinkedStack } from './dependencies.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import { isValuesOnly, type StackListing } from './stack-list.ts';

/** How many may be brought along in one grid: they bring others along, and would multiply without a bound. */
const maxBrought = 500;
/** And how many services they may have together: each of them would be compiled, planned and told of. */
const maxServices = 5_000;

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
  const names = new Set(listed.map(({ name }) => name));
  const most = names.size + maxBrought;
  const queue = [...listed];
  let services = 0;
  // What is brought along is added at the end while the queue is walked.
  for (const listing of queue) {
    const { child } = listing;
    if (child !== null && services >= maxServices) {
      done.get(child.parent)?.report.error(child.key, tooMany(`${maxServices} services`));
      continue;
    }
    const stack = compile(listing);
    done.set(stack.name, stack);
    if (child !== null) services += stack.draft.names?.length ?? 0;
    for (const next of stack.draft.children) {
      if (stack.report.isFull() || !accept(next, { names, most }, stack)) continue;
      const mention = waiting.get(next.name)?.mention ?? null;
      waiting.delete(next.name);
      queue.push({ name: next.name, hasFolder: false, mention, child: next });
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
  readonly names: Set<string>;
  readonly most: number;
}

function accept(child: ChildStack, { names, most }: Room, { report }: LinkedStack): boolean {
  const isTaken = names.has(child.name);
  if (!isTaken && names.size < most) {
    names.add(child.name);
    return true;
  }
  const message = `the grid has a stack ${quote(child.name)} already`;
  const taken: Fault = { code: 'duplicate-stack', message, hint: 'Rename one of the two.' };
  report.error(child.key, isTaken ? taken : tooMany(`${maxBrought} stacks`));
  return false;
}

function tooMany(most: string): Fault {
  return {
    code: 'stack-too-large',
    message: `more than ${most} of the grid would be brought along by other stacks`,
    hint: 'Give stacks that many need a folder of their own, and link to their services.',
  };
}
