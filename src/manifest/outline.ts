/**
 * What stands at the left of a YAML text, found line by line: the keys at the top of a block map, and those one level below.
 * A template need not be YAML before it is rendered (`{{ x }}` is a map in a map's key), so what decides how to render it
 * cannot be parsed for.
 */
export interface Outline {
  readonly keys: ReadonlyMap<string, OutlineKey>;
  /** The text with every line empty that belongs to other keys than these: the lines keep their numbers. */
  only(names: readonly string[]): string;
  /** The keys in whose lines the pattern occurs. */
  having(pattern: RegExp): ReadonlySet<string>;
}

export interface OutlineKey {
  /** What stands behind the colon, without quotes and comment. */
  readonly value: string;
  /** The keys right below it. */
  readonly children: ReadonlySet<string>;
}

/** Indentation; a key without quotes, or in either kind; what is behind it on its line. */
const keyLine =
  /^( *)(?:"([^"\\]*)"|'([^']*)'|([^\s#'"%&*!|>@`{}[\],?:-][^:#]*?))[ \t]*:(?:[ \t]+(.*))?$/;

/** Longer lines have no key that matters here. */
const maxLine = 1_000;

export function readOutline(text: string): Outline {
  const lines = text.split('\n');
  const keys = new Map<string, { value: string; indent: number; children: Set<string> }>();
  let owner = '';
  const owners = lines.map((line) => {
    const key = readKey(line);
    if (key?.indent === 0) {
      owner = key.name;
      keys.set(owner, { value: key.value, indent: 0, children: new Set() });
    } else if (key !== null) addChild(keys.get(owner), key);
    return owner;
  });
  return {
    keys,
    only(names) {
      const wanted = new Set(names);
      return lines.map((line, at) => (wanted.has(owners[at] ?? '') ? line : '')).join('\n');
    },
    having: (pattern) =>
      new Set(lines.flatMap((line, at) => (pattern.test(line) ? [owners[at] ?? ''] : []))),
  };
}

interface Key {
  readonly indent: number;
  readonly name: string;
  readonly value: string;
}

function readKey(line: string): Key | null {
  if (line.length > maxLine) return null;
  const [match, indent = '', double, single, plain, value = ''] =
    keyLine.exec(line.trimEnd()) ?? [];
  if (match === undefined) return null;
  return { indent: indent.length, name: double ?? single ?? plain ?? '', value: bare(value) };
}

// The first key below another says how far its siblings are indented.
function addChild(owner: { indent: number; children: Set<string> } | undefined, key: Key): void {
  if (owner === undefined) return;
  if (owner.indent === 0) owner.indent = key.indent;
  if (owner.indent === key.indent) owner.children.add(key.name);
}

function bare(text: string): string {
  const [, double, single, plain = ''] =
    /^(?:"([^"]*)"|'([^']*)'|(.*?))(?:\s+#.*)?$/.exec(text) ?? [];
  return (double ?? single ?? plain).trim();
}
