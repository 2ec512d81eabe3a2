import type { Propagation } from '../model/spec.ts';
import { quote } from './quote.ts';
import type { Parsed } from './report.ts';

/** A mount as it is written, in either syntax, before anyone has looked for what it names. */
export interface MountWish {
  readonly kind: 'anonymous' | 'bind' | 'volume' | 'tmpfs';
  /** Nothing for anonymous volumes and tmpfs. */
  readonly source: string;
  readonly target: string;
  /** `null`: nothing is said. */
  readonly readOnly: boolean | null;
  readonly propagation?: Propagation;
  readonly selinux?: 'z' | 'Z';
  readonly noCopy?: true;
  readonly subpath?: string;
  /** A missing folder on the node is not made. */
  readonly mustExist?: true;
  /** Of a tmpfs, in bytes. */
  readonly size?: number;
  /** Of a tmpfs. */
  readonly mode?: number;
  /** Words that mean something on other systems only. */
  readonly ignored: readonly string[];
}

/**
 * `/path`, or `source:/path[:flags]`. A source that begins with a slash, a dot or `~` is a path; else it is a volume's name.
 */
export function parseMountText(text: string): Parsed<MountWish> {
  const [first = '', second, flags = '', ...rest] = text.split(':');
  if (rest.length > 0) return bad(text, 'has too many colons');
  const target = second ?? first;
  const reason = targetFault(target);
  if (reason !== null) return bad(text, reason);
  if (second === undefined)
    return { value: { kind: 'anonymous', source: '', target, readOnly: null, ignored: [] } };
  if (first === '') return bad(text, 'has nothing before the colon');
  const kind = /^[./~]/.test(first) ? 'bind' : 'volume';
  if (kind === 'volume' && first.includes('/'))
    return bad(
      text,
      `names a volume with a slash in it; a path of the repository is ${quote(`./${first}`)}`,
    );
  const read = readFlags(flags);
  if (read.fault !== undefined) return bad(text, read.fault);
  return { value: { kind, source: first, target, ...read.value } };
}

/** What is wrong with a place in a container; `null` when it is right. */
export function targetFault(target: string): string | null {
  if (!target.startsWith('/')) return 'must have an absolute path in the container';
  return /^\/+$/.test(target) ? 'would hide everything in the container' : null;
}

type Flags = Omit<MountWish, 'kind' | 'source' | 'target'>;

const access = ['ro', 'rw'];
const labels = ['z', 'Z'];
const propagations = ['private', 'rprivate', 'shared', 'rshared', 'slave', 'rslave'];
/** Of Docker for the Mac, where folders are not shared with containers but synchronised. */
const consistencies = ['cached', 'consistent', 'delegated'];
const known = [...access, ...labels, ...propagations, 'nocopy', ...consistencies];

function readFlags(
  text: string,
): { readonly value: Flags; readonly fault?: never } | { readonly fault: string } {
  const words = [...new Set(text === '' ? [] : text.split(','))];
  const unknown = words.find((word) => !known.includes(word));
  if (unknown !== undefined)
    return { fault: `has the flag ${quote(unknown)}, which Docker does not know` };
  for (const group of [access, labels, propagations, consistencies]) {
    const [one, other] = words.filter((word) => group.includes(word));
    if (other !== undefined) return { fault: `is both ${quote(one ?? '')} and ${quote(other)}` };
  }
  const mode = words.find((word) => access.includes(word));
  const label = words.find((word) => labels.includes(word));
  const propagation = words.find((word) => propagations.includes(word));
  return {
    value: {
      readOnly: mode === undefined ? null : mode === 'ro',
      ...(label === undefined ? {} : { selinux: label as 'z' | 'Z' }),
      ...(propagation === undefined ? {} : { propagation: propagation as Propagation }),
      ...(words.includes('nocopy') ? { noCopy: true } : {}),
      ignored: words.filter((word) => consistencies.includes(word)),
    },
  };
}

function bad(text: string, reason: string): Parsed<MountWish> {
  const hint =
    'Write it as "/path", "./file:/path:ro", "/host/path:/path[:ro]" or "volume:/path[:ro]".';
  return { fault: { code: 'bad-volume', message: `${quote(text)} ${reason}`, hint } };
}
