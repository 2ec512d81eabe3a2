import type { RepositoryStatus } from '../protocol/repository-api.ts';
import type { Io } from './io.ts';
import { age, type Paint } from './output.ts';

/** Whether something is wrong with a repository that somebody has to see to. */
export function isTroubled({ fault, refused, waiting }: RepositoryStatus): boolean {
  return fault !== null || refused.length + waiting.length > 0;
}

/** What is wrong with repositories, a line each; empty when nothing is. */
export function printTroubles(
  io: Io,
  repositories: readonly RepositoryStatus[],
  colours: Paint,
): string {
  return repositories.flatMap((one) => troublesOf(io, one, colours)).join('\n');
}

function troublesOf(io: Io, repository: RepositoryStatus, colours: Paint): readonly string[] {
  const { name, fault, refused, waiting } = repository;
  const lines = refused.map(
    ({ grid, owner }) =>
      `repository ${name} has a grid ${grid}, which is ${owner}'s: nothing of this one is deployed`,
  );
  if (waiting.length > 0)
    lines.push(
      `repository ${name}: ${waiting.join(', ')} not deployed yet: one before it in the settings was never read`,
    );
  if (fault !== null) {
    const since = age(io.clock.now() - fault.since);
    lines.push(`repository ${name} cannot be read since ${since}: ${fault.message}`);
  }
  return lines.map(colours.red);
}
