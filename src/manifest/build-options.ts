import { compareText } from '../model/identity.ts';
import type { BuildArgument, BuildOption } from '../model/image-build.ts';
import type { BuildEntry } from './build-schema.ts';
import { parseByteSize } from './byte-size.ts';
import { readLabels } from './labels.ts';
import { readExtraHosts } from './networking.ts';
import { pairsOf } from './pairs.ts';
import { readUlimits } from './process.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import { parseAt, type Section } from './section.ts';
import { isNull, locate } from './tree.ts';

type Build = Section<BuildEntry>;

/** By name. */
export function readArguments(section: Build): readonly BuildArgument[] {
  const values = new Map<string, string | null>();
  for (const { name, text, at, isBare } of argumentsOf(section)) {
    const fault = values.has(name) ? twice(name) : argumentFault(name);
    if (fault !== null) section.report.error(at, fault);
    values.set(name, isBare ? null : text);
  }
  const args = Array.from(values, ([name, value]) => ({ name, value }));
  return args.toSorted((a, b) => compareText(a.name, b.name));
}

function argumentsOf(section: Build) {
  const pairs = pairsOf(section, 'args', section.value.args);
  const args = locate(section.node, ['args']);
  return pairs.map((pair) => {
    const inMap = args.kind === 'map' ? args.entries.get(pair.name)?.value : undefined;
    const isBare =
      inMap === undefined
        ? pair.at.kind === 'scalar' && !pair.at.text.includes('=')
        : isNull(inMap);
    return { ...pair, isBare };
  });
}

function twice(name: string): Fault {
  return { code: 'duplicate-key', message: `the build argument ${quote(name)} is there twice` };
}

function argumentFault(name: string): Fault | null {
  if (/^[^\s=\p{Cc}]+$/u.test(name) && name !== '__proto__') return null;
  return { code: 'bad-pair', message: `${quote(name)} cannot be the name of a build argument` };
}

/** Everything that `docker build` takes as it is. */
export function readOptions(section: Build): readonly BuildOption[] {
  const { value } = section;
  const size = parseAt(section, ['shm_size'], value.shm_size, parseByteSize);
  const labels = Object.entries(readLabels(section)).toSorted(([a], [b]) => compareText(a, b));
  const limits = readUlimits(section) ?? [];
  return [
    ...each('--target', value.target),
    ...each('--platform', value.platforms?.join(',')),
    ...each('--network', value.network),
    ...each('--shm-size', size === null ? undefined : String(size)),
    ...labels.flatMap(([name, text]) => each('--label', `${name}=${text}`)),
    ...(readExtraHosts(section) ?? []).flatMap((host) => each('--add-host', host)),
    ...limits.flatMap(({ name, soft, hard }) => each('--ulimit', `${name}=${soft}:${hard}`)),
    ...(value.cache_from ?? []).flatMap((from) => each('--cache-from', from)),
    ...(value.cache_to ?? []).flatMap((to) => each('--cache-to', to)),
    ...(value.ssh ?? []).flatMap((agent) => each('--ssh', agent)),
  ];
}

function each(name: BuildOption['name'], value: string | undefined): readonly BuildOption[] {
  return value === undefined || value === '' ? [] : [{ name, value }];
}
