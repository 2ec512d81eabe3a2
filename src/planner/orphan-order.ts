import { servicePath } from '../model/identity.ts';
import type { Removal } from './diff.ts';
import { inDependencyOrder } from './order.ts';
import type { PlanHistory } from './plan-history.ts';

/** When services go that nobody wants: what others link to goes after them. */
export interface OrphanOrder {
  /** By path; 0 goes first. A service whose links are not known is in nobody's way. */
  readonly turns: ReadonlyMap<string, number>;
  /** By path: the wanted service whose old instances, which stay for now, link to it, perhaps through others. */
  readonly users: ReadonlyMap<string, string>;
}

/** `stuck`: paths of wanted services whose rollout cannot go on, so that instances of before stay. */
export function orderOrphans(
  orphans: readonly Removal[],
  stuck: readonly string[],
  { proven }: Pick<PlanHistory, 'proven'>,
): OrphanOrder {
  const paths = [...new Set(orphans.map(({ step }) => servicePath(step)))];
  const needs = (path: string) => proven.get(path)?.dependsOn ?? [];
  return { turns: turnsOf(paths, needs), users: usersOf(paths, stuck, needs) };
}

type Needs = (path: string) => readonly string[];

function turnsOf(paths: readonly string[], needs: Needs): ReadonlyMap<string, number> {
  const turns = new Map(paths.map((path) => [path, 0]));
  for (const path of inDependencyOrder(paths, needs).order.toReversed()) {
    const next = (turns.get(path) ?? 0) + 1;
    for (const need of needs(path)) {
      const turn = turns.get(need);
      if (turn !== undefined && need !== path) turns.set(need, Math.max(turn, next));
    }
  }
  return turns;
}

function usersOf(
  paths: readonly string[],
  stuck: readonly string[],
  needs: Needs,
): ReadonlyMap<string, string> {
  const orphaned = new Set(paths);
  const users = new Map<string, string>();
  for (const user of stuck) {
    const open = [user];
    for (let path = open.pop(); path !== undefined; path = open.pop())
      for (const need of needs(path)) {
        if (!orphaned.has(need) || users.has(need)) continue;
        users.set(need, user);
        open.push(need);
      }
  }
  return users;
}
