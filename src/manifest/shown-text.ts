import type { TextFile } from '../model/source.ts';

const HIDDEN = '•';
/** A key with its colon, and what follows it. */
const pair = /^(\s*(?:"[^"]*"|'[^']*'|[^\s:'"{[#]+(?::\d+)?)\s*:)(?=\s|$)(.*)$/;

/**
 * A file's text as its lines may be shown beside its problems: where sealed values belong, somebody may have written one in
 * the clear. Every column is where it was. `null`: none of it may be shown.
 */
export function shownText({ path, text }: Pick<TextFile, 'path' | 'text'>): string | null {
  if (/^grids\/[^/]+\/secrets\.yml$/.test(path)) return null;
  const isGrid = /^grids\/[^/]+\/grid\.yml$/.test(path);
  return isGrid && text.includes('registries') ? withoutPasswords(text) : text;
}

function withoutPasswords(text: string): string {
  let isInside = false;
  const lines = text.split('\n').map((line) => {
    if (/^[^\s#]/.test(line)) isInside = /^(?:registries|"registries"|'registries'|\{)/.test(line);
    return isInside ? withoutValue(line) : line;
  });
  return lines.join('\n');
}

function withoutValue(line: string): string {
  const [, key = '', value = line] = pair.exec(line) ?? [];
  return /^\s*username\s*:$/.test(key) ? line : key + value.replaceAll(/[^\s]/g, HIDDEN);
}
