import { quote } from '../manifest/quote.ts';
import { compareProblems } from '../manifest/report.ts';
import type { Grid, Service, Stack } from '../model/grid.ts';
import type { Position, Problem } from '../model/problem.ts';
import { passwordSources } from '../model/registry-account.ts';
import { parseMark, type SecretSources, showMarks } from '../model/secret.ts';
import { holdBack } from './held-back.ts';
import type { CompiledGrid } from './prepare.ts';
import type { Vault } from './vault.ts';

/**
 * Whether this master can open what a stack needs is known before anything of it is changed: a stack with a secret that does
 * not open is held back, as with any other problem, and so is the grid when it is the password of an account. A
 * stack that was looked at once costs nothing. No value is kept.
 */
export function createSecretCheck(
  vault: Vault,
): (compiled: CompiledGrid, grid: string) => Promise<CompiledGrid> {
  const opens = new WeakSet<Stack>();
  return async (compiled, grid) => {
    const fresh = compiled.stacks.filter((stack) => !opens.has(stack));
    const { registries = {} } = compiled.grid ?? {};
    const sources = { ...sourcesOf(fresh), ...passwordSources(registries) };
    const { reasons } = await vault.open(grid, sources);
    const found = new Map<string, readonly Problem[]>();
    for (const stack of fresh) {
      const problems = stack.services.flatMap((service) => problemsOf(service, grid, reasons));
      if (problems.length === 0) opens.add(stack);
      else found.set(stack.name, problems);
    }
    return withoutGrid(holdBack(compiled, found), accountProblems(registries, grid, reasons));
  };
}

/** Each once, however many use it. */
function sourcesOf(stacks: readonly Stack[]): SecretSources {
  const services = stacks.flatMap((stack) => stack.services);
  return Object.assign({}, ...services.map(({ secrets }) => secrets)) as SecretSources;
}

function withoutGrid(compiled: CompiledGrid, found: readonly Problem[]): CompiledGrid {
  if (found.length === 0) return compiled;
  const problems = [...compiled.problems, ...found].toSorted(compareProblems);
  return { ...compiled, grid: null, problems };
}

function accountProblems(
  registries: NonNullable<Grid['registries']>,
  grid: string,
  reasons: ReadonlyMap<string, string>,
): readonly Problem[] {
  return Object.entries(registries).flatMap(([host, { password, position }]) => {
    const reason = reasons.get(password);
    if (reason === undefined) return [];
    return [notOpened(`the account at ${quote(host)}`, { mark: password, grid, reason, position })];
  });
}

function problemsOf(
  { stack, name, secrets = {}, position }: Service,
  grid: string,
  reasons: ReadonlyMap<string, string>,
): readonly Problem[] {
  return Object.keys(secrets).flatMap((mark) => {
    const reason = reasons.get(mark);
    if (reason === undefined) return [];
    const problem = notOpened(`the service ${quote(name)}`, { mark, grid, reason, position });
    return [{ ...problem, stack }];
  });
}

function notOpened(
  who: string,
  of: {
    readonly mark: string;
    readonly grid: string;
    readonly reason: string;
    readonly position: Position;
  },
): Problem {
  const { mark, grid, reason, position } = of;
  const parsed = parseMark(mark);
  const name = parsed?.kind === 'secret' ? parsed.name : 'NAME';
  return {
    severity: 'error',
    code: 'secret-not-opened',
    message: `${who} needs ${showMarks(mark)} of secrets.yml, which the master cannot open: ${reason}`,
    hint: `Seal it again for this master: "gridops secret seal ${grid} ${name}".`,
    position,
  };
}
