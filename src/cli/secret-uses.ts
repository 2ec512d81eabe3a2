import { createCompiler } from '../manifest/compile.ts';
import type { ItemName } from '../manifest/secrets-edit.ts';
import { GridError } from '../model/error.ts';
import { type Problem, printPosition } from '../model/problem.ts';
import { parseMark } from '../model/secret.ts';
import type { TextFile } from '../model/source.ts';
import type { GridSecrets } from './grid-secrets.ts';
import type { Io } from './io.ts';
import { harmless, paint } from './output.ts';

/** Who uses what is sealed, as far as the grid of the working tree can be read. */
export interface SecretUses {
  /** Paths of services, and hosts of registries with an account in grid.yml. */
  of(item: ItemName): readonly string[];
  /** Stacks with problems, of which it is not known. */
  readonly unread: readonly string[];
}

export function findUses({ source, grid }: GridSecrets): SecretUses {
  const { grid: read, stacks, failed, problems } = createCompiler().compile(source, grid);
  const uses = new Map<string, Set<string>>();
  const add = (mark: string, user: string): void => {
    const key = keyOf(parseMark(mark) ?? { kind: 'random', name: '' });
    uses.set(key, (uses.get(key) ?? new Set()).add(user));
  };
  for (const { stack, name, secrets = {} } of stacks.flatMap(({ services }) => services))
    for (const mark of Object.keys(secrets)) add(mark, `${stack}/${name}`);
  for (const [host, { password }] of Object.entries(read?.registries ?? {}))
    add(password, `registry ${host}`);
  const isEmpty = problems.some(({ code }) => code === 'grid-missing');
  const unread = read === null && !isEmpty ? ['all of them'] : failed;
  return { of: (item) => [...(uses.get(keyOf(item)) ?? [])].toSorted(), unread };
}

function keyOf({ kind, name }: { readonly kind: string; readonly name: string }): string {
  return `${kind} ${name}`;
}

/** A stack that cannot be read may use what nobody else does. */
export function printUsers(io: Io, users: readonly string[], unread: readonly string[]): string {
  if (users.length > 0) return users.join(', ');
  return unread.length > 0 ? 'not known' : paint(io).yellow('nobody');
}

export function tellUnread(io: Io, stacks: readonly string[]): void {
  if (stacks.length > 0)
    io.stderr(
      harmless(`stacks with problems were left out: ${stacks.join(', ')} (\`gridops validate\`)\n`),
    );
}

/**
 * Refuses to take away what stacks still need: services that use it, and variables that want it although no service uses
 * them. `after` is secrets.yml as it would be.
 */
export function refuseLoss(
  secrets: GridSecrets,
  after: TextFile,
  items: readonly ItemName[],
): void {
  const uses = findUses(secrets);
  for (const item of items) {
    const users = uses.of(item);
    if (users.length > 0) throw stillUsed(item.name, users);
  }
  const [problem] = newlyMissed(secrets, after);
  if (problem !== undefined)
    throw stillUsed(items.map(({ name }) => name).join(', '), [printPosition(problem.position)]);
}

function newlyMissed({ source, grid }: GridSecrets, after: TextFile): readonly Problem[] {
  const files = new Map(source.files).set(after.path, after);
  const [before, then] = [source, { ...source, inputs: 'edited', files }].map((tree) =>
    createCompiler()
      .compile(tree, grid)
      .problems.filter(({ code }) => missing.includes(code)),
  );
  const known = new Set(before?.map(printed));
  return (then ?? []).filter((problem) => !known.has(printed(problem)));
}

const missing = ['unknown-secret', 'unknown-certificate'];

function printed({ position, code, message }: Problem): string {
  return JSON.stringify([position, code, message]);
}

function stillUsed(name: string, users: readonly string[]): GridError {
  return new GridError({
    code: 'invalid-request',
    message: `${name} is still used: ${users.join(', ')}`,
    hint: "Take it out of the grid's files first. To remove it all the same: --force.",
  });
}
