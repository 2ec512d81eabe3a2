import type { VolumeSpec } from '../model/spec.ts';
import { readLabels } from './labels.ts';
import { volumeNameFault } from './names.ts';
import type { Report } from './report.ts';
import { VolumeEntry } from './schema.ts';
import { locateKey, type TreeNode } from './tree.ts';
import { createValidator } from './validate.ts';

const validate = createValidator(VolumeEntry);

/** `usualScope`: of those that do not say. A stack's `volumes` → the volumes that its services may mount, by the name they have in the file. */
export function readVolumes(
  node: TreeNode | null,
  usualScope: VolumeSpec['scope'],
  report: Report,
): ReadonlyMap<string, VolumeSpec> {
  const volumes = new Map<string, VolumeSpec>();
  if (node?.kind !== 'map') return volumes;
  for (const [name, { key, value }] of node.entries) {
    const fault = volumeNameFault(name);
    if (fault !== null) report.error(key, fault);
    const entry = validate(value, report);
    // A volume with a problem is known all the same: its uses are no problems of their own.
    volumes.set(name, toVolume(name, { scope: usualScope, ...entry }, { node: value, report }));
    if (entry !== null) warnOfIdleKeys(entry, value, report);
  }
  return volumes;
}

interface Place {
  readonly node: TreeNode;
  readonly report: Report;
}

function toVolume(name: string, entry: VolumeEntry, at: Place): VolumeSpec {
  const { external = false, scope = 'instance', driver = null, driver_opts: options = {} } = entry;
  if (external !== false) {
    const own = typeof external === 'object' ? external.name : undefined;
    const exact = own ?? entry.name ?? name;
    return { name: exact, scope, external: true, driver: null, driverOptions: {} };
  }
  const driverOptions = Object.fromEntries(
    Object.entries(options).map(([key, text]) => [key, text ?? '']),
  );
  const labels = readLabels({ value: entry, ...at });
  return {
    // Under a name of its own it is everyone's who uses that name, as volumes of the grid are.
    ...(entry.name === undefined ? { name, scope } : { name: entry.name, scope: 'grid' }),
    external: false,
    driver,
    driverOptions,
    ...(Object.keys(labels).length === 0 ? {} : { labels }),
  };
}

function warnOfIdleKeys(entry: VolumeEntry, node: TreeNode, report: Report): void {
  const isExternal = entry.external !== undefined && entry.external !== false;
  if (isExternal)
    for (const key of ['scope', 'driver', 'driver_opts', 'labels'] as const) {
      if (entry[key] === undefined) continue;
      const message = `"${key}" has no effect on an external volume: it is used as it is`;
      report.warn(locateKey(node, [key]), { code: 'no-effect', message });
    }
  else if (entry.name !== undefined && (entry.scope ?? 'grid') !== 'grid') {
    const message =
      '"scope" has no effect on a volume with a name of its own: that name is used by all';
    report.warn(locateKey(node, ['scope']), { code: 'no-effect', message });
  }
}
