import type { DesiredState } from '../model/desired.ts';
import { compareText } from '../model/identity.ts';
import type { SecretChange } from '../model/preview.ts';
import { marksWithin, parseMark } from '../model/secret.ts';

/** Secrets that services and accounts at registries use, by name: what comes, what goes, and what has another value. */
export function secretChanges(
  before: DesiredState | null,
  after: DesiredState,
): readonly SecretChange[] {
  const old = secretsOf(before);
  const young = secretsOf(after);
  const names = [...new Set([...old.keys(), ...young.keys()])].toSorted(compareText);
  return names.flatMap((key) => {
    const [was, is] = [old.get(key), young.get(key)];
    if (was?.ids === is?.ids) return [];
    const known = is ?? was;
    if (known === undefined) return [];
    const change = was === undefined ? 'added' : is === undefined ? 'removed' : 'changed';
    return [{ name: known.name, kind: known.kind, change } as const];
  });
}

interface Used {
  readonly name: string;
  readonly kind: SecretChange['kind'];
  readonly ids: string;
}

function secretsOf(state: DesiredState | null): ReadonlyMap<string, Used> {
  const accounts = Object.values(state?.grid.registries ?? {});
  const marks = new Set(accounts.map(({ password }) => password));
  for (const stack of state?.stacks ?? [])
    for (const { spec, balancer, balanced, secrets } of stack.services) {
      for (const mark of marksWithin([spec, balancer, balanced])) marks.add(mark);
      for (const mark of Object.keys(secrets ?? {})) marks.add(mark);
    }
  const found = new Map<string, Used>();
  for (const text of [...marks].toSorted(compareText)) {
    const mark = parseMark(text);
    if (mark === null) continue;
    const key = `${mark.name} ${mark.kind}`;
    const ids = `${found.get(key)?.ids ?? ''} ${mark.id}`;
    found.set(key, { name: mark.name, kind: mark.kind, ids });
  }
  return found;
}
