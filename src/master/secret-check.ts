import { quote } from '../manifest/quote.ts';
import type { Service, Stack } from '../model/grid.ts';
import type { Problem } from '../model/problem.ts';
import { type SecretSources, showMarks } from '../model/secret.ts';
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
    const fresh = compiled.stacks.filter((stack) => !opens.has(stack));
    const { reasons } = await vault.open(grid, sourcesOf(fresh));
    const found = new Map<string, readonly Problem[]>();
    for (const stack of fresh) {
      const problems = stack.services.flatMap((service) => problemsOf(service, grid, reasons));
      if (problems.length === 0) opens.add(stack);
      else found.set(stack.name, problems);
    }
    return holdBack(compiled, found);
  };
}

/** Each once, however many use it. */
function sourcesOf(stacks: readonly Stack[]): SecretSources {
  const services = stacks.flatMap((stack) => stack.services);
  return Object.assign({}, ...services.map(({ secrets }) => secrets)) as SecretSources;
}

function problemsOf(
  { stack, name, secrets = {}, position }: Service,
  grid: string,
  reasons: ReadonlyMap<string, string>,
): readonly Problem[] {
  return Object.keys(secrets).flatMap((mark) => {
    const reason = reasons.get(mark);
    if (reason === undefined) return [];
    const problem: Problem = {
      severity: 'error',
      code: 'secret-not-opened',
      message: `the service ${quote(name)} needs ${showMarks(mark)} of secrets.yml, which the master cannot open: ${reason}`,
      hint: `Seal it again for this master: "gridops secret seal ${grid} NAME".`,
      position,
      stack,
    };
    return [problem];
  });
}
