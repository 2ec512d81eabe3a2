import { compareText } from '../model/identity.ts';
import { type Mount, mountPlace } from '../model/spec.ts';
import { ordered } from './lists.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseAt, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate } from './tree.ts';

/** The service's folders in memory: options by mount point; no place has two mounts. */
export function readTmpfs(
  section: Section<ServiceEntry>,
  mounts: readonly Mount[],
): Readonly<Record<string, string>> | undefined {
  const taken = new Set(mounts.map((mount) => mount.target));
  const found = new Map<string, string>();
  for (const [index, text] of (ordered(section.value.tmpfs) ?? []).entries()) {
    const path = ['tmpfs', index];
    const parsed = parseAt(section, path, text, parseTmpfs);
    if (parsed === null) continue;
    if (taken.has(parsed.place)) {
      const message = `something is already mounted at ${quote(parsed.place)}`;
      section.report.error(locate(section.node, path), { code: 'duplicate-mount', message });
    }
    taken.add(parsed.place);
    found.set(parsed.place, parsed.options);
  }
  if (found.size === 0) return undefined;
  return Object.fromEntries([...found].toSorted(([a], [b]) => compareText(a, b)));
}

/** tmpfs(5), as far as Docker passes it on. */
const option =
  /^(?:ro|rw|exec|noexec|suid|nosuid|dev|nodev|sync|async|atime|noatime|diratime|nodiratime|relatime|norelatime|strictatime|nostrictatime|size=\d+[kmg%]?|mode=[0-7]{1,4}|uid=\d+|gid=\d+|nr_inodes=\d+[kmg]?|nr_blocks=\d+[kmg]?)$/i;

function parseTmpfs(text: string): Parsed<{ readonly place: string; readonly options: string }> {
  const [target = '', written = '', ...rest] = text.split(':');
  const options = written === '' ? [] : written.split(',');
  const unknown = options.find((one) => !option.test(one));
  if (!target.startsWith('/') || /^\/+$/.test(target))
    return bad(text, 'must begin with an absolute path in the container');
  if (rest.length > 0) return bad(text, 'has too many colons');
  if (unknown !== undefined) return bad(text, `has the option ${quote(unknown)}`);
  return { value: { place: mountPlace(target), options: options.toSorted(compareText).join(',') } };
}

function bad(text: string, reason: string): Parsed<never> {
  const hint = 'Write it as "/path" or "/path:size=64m,mode=1777".';
  return { fault: { code: 'bad-tmpfs', message: `${quote(text)} ${reason}`, hint } };
}
