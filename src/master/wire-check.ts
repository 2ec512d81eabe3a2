import { quote } from '../manifest/quote.ts';
import type { Service, Stack } from '../model/grid.ts';
import type { Problem } from '../model/problem.ts';
import { specFault } from '../protocol/codec.ts';
import { holdBack } from './held-back.ts';
import type { CompiledGrid } from './prepare.ts';

/**
 * The language and the wire have bounds of their own. What the one lets through and the other does not would be refused by a
 * node, with everything else that is assigned to it: so it is a problem of its stack, which is held back. A stack that was
 * looked at once costs nothing.
 */
export function createWireCheck(): (compiled: CompiledGrid) => CompiledGrid {
  const fits = new WeakSet<Stack>();
  return (compiled) => {
    const problems = new Map<string, readonly Problem[]>();
    for (const stack of compiled.stacks) {
      if (fits.has(stack)) continue;
      const found = stack.services.flatMap(problemsOf);
      if (found.length === 0) fits.add(stack);
      else problems.set(stack.name, found);
    }
    return holdBack(compiled, problems);
  };
}

function problemsOf({ stack, name, spec, position }: Service): readonly Problem[] {
  const fault = specFault(spec);
  if (fault === null) return [];
  const message = `the service ${quote(name)} cannot be sent to a node: there is more at ${quote(fault)} than agents take`;
  const hint = 'Write less of it. It should have been said at its own place: please report it.';
  return [{ severity: 'error', code: 'wrong-value', message, hint, position, stack }];
}
