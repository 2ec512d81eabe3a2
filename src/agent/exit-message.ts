import type { ContainerFacts } from './containers.ts';

/** "the container exited with code 1". */
export function exitMessage(facts: Pick<ContainerFacts, 'outOfMemory' | 'exitCode'>): string {
  if (facts.outOfMemory) return 'the container ran out of memory and was killed';
  return `the container exited with code ${facts.exitCode ?? 'unknown'}`;
}
