import type { CommitInfo } from '../sync/repository.ts';

export interface RollbackWords {
  readonly grid: string;
  readonly to: string;
  readonly by: string;
  readonly reason: string;
  readonly undoes: readonly Pick<CommitInfo, 'sha' | 'author' | 'message'>[];
}

const mostNamed = 20;

export function rollbackTitle({ grid, to }: Pick<RollbackWords, 'grid' | 'to'>): string {
  return `Roll back grid ${grid} to ${to.slice(0, 7)}`;
}

/** What `git log` shows of it; the trailers are for machines, and are last. */
export function rollbackMessage(words: RollbackWords): string {
  const { grid, to, by, reason, undoes } = words;
  const named = undoes.slice(0, mostNamed).map((one) => `- ${summaryOf(one)}`);
  const more = undoes.length > mostNamed ? [`- and ${undoes.length - mostNamed} more`] : [];
  return [
    rollbackTitle(words),
    ...(reason === '' ? [] : [paragraph(reason)]),
    ...(named.length === 0 ? [] : [['Undoes:', ...named, ...more].join('\n')]),
    `Gridops-Rollback: ${grid} to ${to}\nGridops-Requested-By: ${oneLine(by)}`,
  ].join('\n\n');
}

export function summaryOf({ sha, author, message }: RollbackWords['undoes'][number]): string {
  const title = oneLine(message.split('\n', 1)[0] ?? '').slice(0, 100);
  return `${sha.slice(0, 7)} ${title} (${oneLine(author).slice(0, 60)})`;
}

/** In one piece: a line that looks like a trailer is none in the middle of a text. */
function paragraph(text: string): string {
  return text.trim().replaceAll(/\n{2,}/g, '\n');
}

function oneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim();
}
