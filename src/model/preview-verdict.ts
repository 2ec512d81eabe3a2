import type { GridPreview, Preview, PreviewCounts } from './preview.ts';

/** What a preview comes to. `bad`: it should not be merged like that; `care`: read it first; `calm`: nothing would be done. */
export interface PreviewVerdict {
  readonly tone: 'bad' | 'care' | 'good' | 'calm';
  /** One short line, without anything that a user wrote. */
  readonly text: string;
}

export function gridVerdict({ plan, counts, changes, settings }: GridPreview): PreviewVerdict {
  if (plan === null)
    return { tone: 'bad', text: `cannot be planned: ${counted(counts.errors, 'error')}` };
  const work = workText(counts);
  if (counts.errors > 0)
    return {
      tone: 'bad',
      text: `${counted(counts.errors, 'error')}, which ${counts.errors === 1 ? 'holds' : 'hold'} back a part; ${work}`,
    };
  if (counts.blocked > 0)
    return { tone: 'bad', text: `no node for ${counted(counts.blocked, 'instance')}; ${work}` };
  if (plan.confirmation !== null) return { tone: 'care', text: `${work}; needs confirmation` };
  if (counts.destructive > 0) return { tone: 'care', text: work };
  if (counts.create + counts.replace + counts.remove > 0) return { tone: 'good', text: work };
  const isChanged = changes.length + settings.length > 0;
  return { tone: 'calm', text: isChanged ? 'no instance is changed' : 'no changes to deploy' };
}

/** Of all grids together; the worst one decides. */
export function previewVerdict({ outcome }: Preview): PreviewVerdict {
  if (outcome.kind === 'conflict') return { tone: 'bad', text: 'cannot be merged: conflicts' };
  if (outcome.kind === 'fork') return { tone: 'calm', text: 'from a fork: not planned' };
  if (outcome.kind === 'failed') return { tone: 'bad', text: 'could not be planned' };
  const verdicts = outcome.grids.map(gridVerdict);
  const [only, second] = verdicts;
  if (only === undefined) return { tone: 'calm', text: 'no changes to deploy' };
  if (second === undefined) return only;
  const tone = order.find((one) => verdicts.some((verdict) => verdict.tone === one)) ?? 'calm';
  const those = verdicts.filter((verdict) => verdict.tone === tone).length;
  const grids = counted(verdicts.length, 'grid');
  return { tone, text: `${grids}: ${workText(sumOf(outcome.grids))}${remarks[tone](those)}` };
}

const order = ['bad', 'care', 'good', 'calm'] as const;

const remarks: Readonly<Record<PreviewVerdict['tone'], (count: number) => string>> = {
  bad: (count) => `; ${count} cannot be deployed as ${count === 1 ? 'it is' : 'they are'}`,
  care: (count) => `; read ${count} with care`,
  good: () => '',
  calm: () => '',
};

type Work = Pick<PreviewCounts, 'create' | 'replace' | 'remove' | 'destructive' | 'losingData'>;

export function sumOf(grids: readonly GridPreview[]): Work {
  const sum = { create: 0, replace: 0, remove: 0, destructive: 0, losingData: 0 };
  for (const { counts } of grids) {
    sum.create += counts.create;
    sum.replace += counts.replace;
    sum.remove += counts.remove;
    sum.destructive += counts.destructive;
    sum.losingData += counts.losingData;
  }
  return sum;
}

/** "2 to create, 1 to remove (1 destructive, of data)", in instances. */
function workText({ create, replace, remove, destructive, losingData }: Work): string {
  const parts = [
    create > 0 ? `${create} to create` : null,
    replace > 0 ? `${replace} to replace` : null,
    remove > 0 ? `${remove} to remove` : null,
  ].filter((part) => part !== null);
  if (parts.length === 0) return 'nothing to do';
  if (destructive === 0) return parts.join(', ');
  const data =
    losingData === 0 ? '' : `, ${losingData === destructive ? '' : `${losingData} `}of data`;
  return `${parts.join(', ')} (${destructive} destructive${data})`;
}

export function counted(count: number, what: string): string {
  return `${count} ${what}${count === 1 ? '' : 's'}`;
}
