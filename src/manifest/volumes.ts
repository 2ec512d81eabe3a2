import type { VolumeSpec } from '../model/spec.ts';
import { volumeNameRule } from './names.ts';
import { quote } from './quote.ts';
import type { Report } from './report.ts';
import { VolumeEntry } from './schema.ts';
import { locateKey, type TreeNode } from './tree.ts';
import { createValidator } from './validate.ts';

const validate = createValidator(VolumeEntry);
const volumeName = new RegExp(volumeNameRule.pattern);

/** A stack's `volumes` → the volumes that its services may mount, by the name they have in the file. */
export function readVolumes(
  node: TreeNode | null,
  report: Report,
): ReadonlyMap<string, VolumeSpec> {
  const volumes = new Map<string, VolumeSpec>();
  if (node?.kind !== 'map') return volumes;
  for (const [name, { key, value }] of node.entries) {
    if (!volumeName.test(name)) {
      const message = `${quote(name)} cannot be the name of a volume`;
      report.error(key, { code: 'invalid-name', message, hint: volumeNameRule.description });
    }
    const entry = validate(value, report);
    // A volume with a problem is known all the same: its uses are no problems of their own.
    volumes.set(name, toVolume(name, entry ?? {}));
    if (entry !== null) warnOfExternal(entry, value, report);
  }
  return volumes;
}

function toVolume(name: string, entry: VolumeEntry): VolumeSpec {
  const { external = false, scope = 'instance', driver = null, driver_opts: options = {} } = entry;
  if (external !== false) {
    const own = typeof external === 'object' ? external.name : undefined;
    return { name: own ?? name, scope, external: true, driver: null, driverOptions: {} };
  }
  const driverOptions = Object.fromEntries(
    Object.entries(options).map(([key, text]) => [key, text ?? '']),
  );
  return { name, scope, external: false, driver, driverOptions };
}

function warnOfExternal(entry: VolumeEntry, node: TreeNode, report: Report): void {
  if (entry.external === undefined || entry.external === false) return;
  for (const key of ['scope', 'driver', 'driver_opts'] as const) {
    if (entry[key] === undefined) continue;
    const message = `"${key}" has no effect on an external volume: it is used as it is`;
    report.warn(locateKey(node, [key]), { code: 'no-effect', message });
  }
}
