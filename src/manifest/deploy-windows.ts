import Type from 'typebox';
import type { DeployWindow } from '../model/deploy-window.ts';
import { parseDuration } from './durations.ts';
import { parseCron, parseTimeZone } from './schedule.ts';
import { choice, closed, list, text } from './schema-parts.ts';
import { parseAt, type Section } from './section.ts';
import { locate, type TreePath } from './tree.ts';

const DeployWindowEntry = closed(
  {
    schedule: text({
      description:
        'When it begins: a cron expression (minute, hour, day of the month, month, day of the week).',
      examples: ['0 22 * * 1-5'],
    }),
    duration: text({ description: 'How long it lasts.', examples: ['2h'] }),
    timezone: Type.Optional(
      text({
        default: 'UTC',
        description: 'Which time zone `schedule` is in, by its name in the IANA database.',
        examples: ['Europe/Berlin'],
      }),
    ),
    kind: Type.Optional(
      choice(['allow', 'deny'], {
        default: 'allow',
        description:
          '`allow`: outside of all of these nothing is deployed. `deny`: while it lasts nothing is deployed, whatever the others say.',
      }),
    ),
  },
  { description: 'A time in which commits are deployed, or are not.' },
);

export const DeployWindows = list(DeployWindowEntry, {
  maxItems: 50,
  description: 'When commits may be deployed. Without any: always.',
  examples: [[{ schedule: '0 22 * * *', duration: '2h', timezone: 'Europe/Berlin' }]],
});

type Entries = Type.Static<typeof DeployWindows>;

/** `deploy.windows` of a grid file. Those with faults are reported and left out. */
export function readWindows(
  section: Section<{ readonly deploy?: { readonly windows?: Entries } }>,
): readonly DeployWindow[] {
  return (section.value.deploy?.windows ?? []).flatMap((entry, index) => {
    const path = ['deploy', 'windows', index];
    const { schedule, timezone = 'UTC', kind = 'allow' } = entry;
    const expression = parseAt(section, [...path, 'schedule'], schedule, parseCron);
    const timeZone = parseAt(section, [...path, 'timezone'], timezone, parseTimeZone);
    const duration = readDuration(section, [...path, 'duration'], entry.duration);
    if (expression === null || timeZone === null || duration === null) return [];
    return [{ kind, schedule: { expression, timeZone }, duration }];
  });
}

function readDuration(section: Section<unknown>, path: TreePath, written: string): number | null {
  const duration = parseAt(section, path, written, parseDuration);
  if (duration !== 0) return duration;
  const message = 'a window needs more than no time';
  section.report.error(locate(section.node, path), { code: 'bad-duration', message });
  return null;
}
