import type { PlacedFault } from './liquid.ts';
import { alternatives, quote } from './quote.ts';
import { createRendering, type Rendered } from './rendered.ts';

/**
 * Kontena's first pass over app files (kontena.md 1.1), Ruby's `String#%` with names:
 *
 *     text = { literal | "%%" | "%{" name "}" }
 *
 * It runs over the text before anything is parsed. A lone `%` stopped Kontena, and is a fault here; only in lines that are
 * comments as a whole it is left alone.
 */
export function renderPercent(
  text: string,
  values: Readonly<Record<'project' | 'grid', string>>,
): { readonly rendered: Rendered; readonly faults: readonly PlacedFault[] } {
  const rendering = createRendering();
  const faults: PlacedFault[] = [];
  let start = 0;
  for (const line of text.split(/(?<=\n)/)) {
    const isComment = /^[ \t]*#/.test(line);
    let end = 0;
    for (const { 0: found, 1: name, index } of line.matchAll(/%(?:%|\{([^{}\s]*)\})?/g)) {
      rendering.copy(line.slice(end, index), start + end);
      end = index + found.length;
      const value = valueOf(found, name, values);
      if (value !== null) rendering.insert(value, start + index);
      else rendering.copy(found, start + index);
      if (value !== null || isComment || faults.length >= maxFaults) continue;
      faults.push({ offset: start + index, fault: refuse(found, name) });
    }
    rendering.copy(line.slice(end), start + end);
    start += line.length;
  }
  return { rendered: rendering.finish(), faults };
}

/** Of one file, more are not of interest. */
const maxFaults = 20;

function valueOf(
  found: string,
  name: string | undefined,
  values: Readonly<Record<'project' | 'grid', string>>,
): string | null {
  if (found === '%%') return '%';
  return name === 'project' || name === 'grid' ? values[name] : null;
}

function refuse(found: string, name: string | undefined) {
  const hint = 'A percent sign that is meant as such is written "%%".';
  if (name === undefined)
    return { code: 'bad-template', message: 'a lone "%" has no meaning in this format', hint };
  const known = alternatives(['project', 'grid'].map((word) => quote(`%{${word}}`)));
  return {
    code: 'undefined-variable',
    message: `${quote(found)} is not known; ${known} are`,
    hint,
  };
}
