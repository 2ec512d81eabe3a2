import { quote } from '../manifest/quote.ts';
import type { Service, Stack } from '../model/grid.ts';
import type { Problem } from '../model/problem.ts';
import { showMarks } from '../model/secret.ts';
import { holdBack } from './held-back.ts';
import type { CompiledGrid } from './prepare.ts';
import type { Vault } from './vault.ts';

/**
 * Whether this master can open what a stack needs is known before anything of it is changed: a stack with a secret that does
 * not open is held back, as with any other problem. One that was looked at once costs nothing. No value is kept.
 */
export function createSecretCheck(
  vault: Vault,
): (compiled: CompiledGrid, grid: string) => Promise<CompiledGrid> {
  const opens = new WeakSet<Stack>();
  return async (compiled, grid) => {
    const found = new Map<string, readonly Problem[]>();
    for (const stack of compiled.stacks) {
      if (opens.has(stack)) continue;
      const problems: Problem[] = [];
      for (const service of stack.services)
        problems.push(...(await problemsOf(service, grid, vault)));
      if (problems.length === 0) opens.add(stack);
      else found.set(stack.name, problems);
    }
    return holdBack(compiled, found);
  };
}

async function problemsOf(
  { stack, name, secrets, position }: Service,
  grid: string,
  vault: Vault,
): Promise<readonly Problem[]> {
  if (secrets === undefined) return [];
  const { reasons } = await vault.open(grid, secrets);
  return Array.from(reasons, ([mark, reason]) => ({
    severity: 'error',
    code: 'secret-not-opened',
    message: `the service ${quote(name)} needs ${showMarks(mark)} of secrets.yml, which the master cannot open: ${reason}`,
    hint: `Seal it again for this master: "gridops secret seal ${grid} NAME".`,
    position,
    stack,
  }));
}
