import Type from 'typebox';
import { parseByteSize } from './byte-size.ts';
import { parseFolderMode } from './file-mode.ts';
import { type MountWish, targetFault } from './mount-wish.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { choice, closed, flag, text, textOrMap } from './schema-parts.ts';

/** One item of a service's `volumes`: text, or Compose's long syntax. */
export const MountEntry = textOrMap(
  {
    type: choice(['bind', 'volume', 'tmpfs'], {
      description: 'A path of the node or of the repository, a volume, or memory.',
    }),
    source: Type.Optional(
      text({
        minLength: 1,
        description: 'The path, relative to this file or absolute on the node, or the volume.',
      }),
    ),
    target: text({ minLength: 1, description: 'The path in the container.' }),
    read_only: Type.Optional(flag({ description: 'The container cannot write there.' })),
    consistency: Type.Optional(text({ description: 'Has no effect on Linux.' })),
    bind: Type.Optional(
      closed(
        {
          propagation: Type.Optional(
            choice(['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'], {
              default: 'rprivate',
              description: 'Whether later mounts below the path are seen on the other side.',
            }),
          ),
          create_host_path: Type.Optional(
            flag({ default: true, description: 'Make a folder on the node when it is missing.' }),
          ),
          selinux: Type.Optional(
            choice(['z', 'Z'], { description: 'Label for SELinux: shared, or private.' }),
          ),
        },
        { description: 'More about a path of the node.', later: ['recursive'] },
      ),
    ),
    volume: Type.Optional(
      closed(
        {
          nocopy: Type.Optional(
            flag({
              default: false,
              description: 'A new volume stays empty, whatever the image has at that path.',
            }),
          ),
          subpath: Type.Optional(
            text({ minLength: 1, description: 'A folder in the volume; needs Docker 26.' }),
          ),
        },
        { description: 'More about a volume.', later: ['labels'] },
      ),
    ),
    tmpfs: Type.Optional(
      closed(
        {
          size: Type.Optional(text({ description: 'Bytes at most.', examples: ['64m'] })),
          mode: Type.Optional(text({ description: 'Permissions, octal.', examples: ['1777'] })),
        },
        { description: 'More about memory.' },
      ),
    ),
  },
  {
    description:
      'A mount: `/path`, `./file:/path:ro`, `/host/path:/path[:ro]`, `volume:/path[:ro]`, or a map.',
    later: ['image'],
  },
);

export type MountMap = Exclude<Type.Static<typeof MountEntry>, string>;

/** The long syntax → what is wished for. */
export function parseMountMap(entry: MountMap): Parsed<MountWish> {
  const { type, source = '', target } = entry;
  const fault = mapFault(entry);
  if (fault !== null) return { fault };
  const size = optional(entry.tmpfs?.size, parseByteSize);
  const mode = optional(entry.tmpfs?.mode, parseFolderMode);
  if (size?.fault !== undefined) return { fault: size.fault };
  if (mode?.fault !== undefined) return { fault: mode.fault };
  const { bind = {}, volume = {} } = entry;
  return {
    value: {
      kind: type === 'volume' && source === '' ? 'anonymous' : type,
      source,
      target,
      readOnly: entry.read_only ?? null,
      ...(bind.propagation === undefined ? {} : { propagation: bind.propagation }),
      ...(bind.selinux === undefined ? {} : { selinux: bind.selinux }),
      ...(bind.create_host_path === false ? { mustExist: true } : {}),
      ...(volume.nocopy === true ? { noCopy: true } : {}),
      ...(volume.subpath === undefined ? {} : { subpath: volume.subpath }),
      ...(size === null ? {} : { size: size.value }),
      ...(mode === null ? {} : { mode: mode.value }),
      ignored: entry.consistency === undefined ? [] : ['consistency'],
    },
  };
}

function mapFault(entry: MountMap): Fault | null {
  const { type, source, target } = entry;
  const reason = targetFault(target);
  if (reason !== null) return bad(`the mount at ${quote(target)} ${reason}`);
  if (type === 'bind' && source === undefined) return bad('a mount of a path needs a "source"');
  if (type === 'tmpfs' && source !== undefined) return bad('a tmpfs has no "source"');
  const other = (['bind', 'volume', 'tmpfs'] as const).find(
    (key) => key !== type && entry[key] !== undefined,
  );
  if (other !== undefined) return bad(`a mount of the type "${type}" has no "${other}"`);
  if (source?.includes(':') === true || target.includes(':'))
    return bad('Docker cannot mount a path with a colon in it');
  const { subpath } = entry.volume ?? {};
  if (subpath !== undefined && (subpath.startsWith('/') || subpath.split('/').includes('..')))
    return bad(`${quote(subpath)} is not a path inside of the volume`);
  return null;
}

function optional<T>(written: string | undefined, parse: (written: string) => Parsed<T>) {
  return written === undefined ? null : parse(written);
}

function bad(message: string): Fault {
  return { code: 'bad-volume', message };
}
