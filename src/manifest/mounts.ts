import { compareText } from '../model/identity.ts';
import { type Mount, mountPlace, type VolumeSpec } from '../model/spec.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';
import { parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { didYouMean } from './suggest.ts';
import { locate } from './tree.ts';

/** The service's mounts by target; one target has one mount. */
export function readMounts(
  section: Section<ServiceEntry>,
  volumes: ReadonlyMap<string, VolumeSpec>,
): readonly Mount[] {
  const mounts = new Map<string, Mount>();
  const parse = (text: string) => parseMount(text, volumes);
  for (const { value: mount, path } of parseEach(
    section,
    'volumes',
    section.value.volumes,
    parse,
  )) {
    const { target } = mount;
    const place = mountPlace(target);
    if (!mounts.has(place)) mounts.set(place, { ...mount, target: place });
    else {
      const message = `something is already mounted at ${quote(target)}`;
      section.report.error(locate(section.node, path), { code: 'duplicate-mount', message });
    }
  }
  return [...mounts.values()].toSorted((a, b) => compareText(a.target, b.target));
}

/**
 * `/path`, `/host/path:/path[:flags]` or `volume:/path[:flags]` with the flags `ro` and `rw`. A volume has to be declared
 * in the stack's `volumes`.
 */
export function parseMount(text: string, volumes: ReadonlyMap<string, VolumeSpec>): Parsed<Mount> {
  const [first = '', second, flags = '', ...rest] = text.split(':');
  if (rest.length > 0) return bad(text, 'has too many colons');
  const target = second ?? first;
  const reason = targetFault(target) ?? flagsFault(flags);
  if (reason !== null) return bad(text, reason);
  if (second === undefined) return { value: { kind: 'anonymous', target } };
  const readOnly = flags.split(',').includes('ro');
  if (first.startsWith('/')) return { value: { kind: 'bind', source: first, target, readOnly } };
  const volume = volumes.get(first);
  if (volume !== undefined) return { value: { kind: 'volume', volume, target, readOnly } };
  return /^[.~]|\//.test(first) ? relativePath(text) : unknownVolume(first, volumes);
}

function targetFault(target: string): string | null {
  if (!target.startsWith('/')) return 'must have an absolute path in the container';
  return /^\/+$/.test(target) ? 'would hide everything in the container' : null;
}

function flagsFault(flags: string): string | null {
  if (flags === '') return null;
  const words = flags.split(',');
  const unknown = words.find((word) => word !== 'ro' && word !== 'rw');
  if (unknown !== undefined)
    return `has the flag ${quote(unknown)}; only "ro" and "rw" are supported yet`;
  return new Set(words).size > 1 ? 'is both "ro" and "rw"' : null;
}

function relativePath(text: string): Parsed<Mount> {
  return bad(
    text,
    'begins with a relative path; a node has no folder that it could be relative to',
  );
}

function unknownVolume(name: string, volumes: ReadonlyMap<string, VolumeSpec>): Parsed<Mount> {
  const hint =
    didYouMean(name, volumes.keys()).hint ?? `Declare it in this file: "volumes: {${name}: {}}".`;
  const message = `the volume ${quote(name)} is not declared in "volumes"`;
  return { fault: { code: 'unknown-volume', message, hint } };
}

function bad(text: string, reason: string): Parsed<Mount> {
  const hint = 'Write it as "/path", "/host/path:/path[:ro]" or "volume:/path[:ro]".';
  return { fault: { code: 'bad-volume', message: `${quote(text)} ${reason}`, hint } };
}
