import type { OnFailure } from '../model/grid.ts';
import { quote } from './quote.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

const actions: Readonly<Record<string, OnFailure>> = { pause: 'hold', rollback: 'rollback' };

/** What becomes of a rollout that fails: our key, or Swarm's. `undefined`: what the grid says. */
export function readOnFailure({
  value,
  node,
  report,
}: Section<ServiceEntry>): OnFailure | undefined {
  const { on_failure: own, update_config: update } = value.deploy ?? {};
  const action = update?.failure_action ?? '';
  const theirs = Object.hasOwn(actions, action) ? actions[action] : undefined;
  if (own === undefined || theirs === undefined || own === theirs) return own ?? theirs;
  const at = locate(node, ['deploy', 'update_config', 'failure_action']);
  const message = `the failure_action ${quote(action)} and the on_failure ${quote(own)} say different things`;
  report.error(at, { code: 'conflicting-keys', message, hint: 'Keep "on_failure" only.' });
  return own;
}
