import type { BenchName } from '../../forge/forge-bench.ts';
import { branches } from './branches.ts';
import { deliveries } from './deliveries.ts';
import { pullRequests } from './pull-requests.ts';
import { scenarioAt } from './scenario.ts';
import { texts } from './texts.ts';
import { trouble } from './trouble.ts';

/** What must be so at every code host, from a push by Git to what people see there. The list is in docs/forges.md. */
export function acceptance(forge: BenchName): void {
  const scenario = scenarioAt(forge);
  pullRequests(scenario);
  branches(scenario);
  deliveries(scenario);
  trouble(scenario);
  texts(scenario);
}
