import type { TextFile } from '../model/source.ts';
import type { Fault, Report } from './report.ts';
import type { Sources } from './sources.ts';
import { isNull, type MapNode, mapNode } from './tree.ts';

/** A stack or Compose file as a map; `null` after the problems that keep it from being read were reported. */
export function readStackText(file: TextFile, sources: Sources, report: Report): MapNode | null {
  const liquid = findLiquid(file.text);
  if (liquid !== null) {
    report.error({ file: file.path, ...liquid }, notRendered);
    return null;
  }
  const { root, problems } = sources.tree(file);
  for (const problem of problems) report.error(problem.position, problem);
  if (root === null) return null;
  if (isNull(root)) return mapNode(root, new Map());
  if (root.kind === 'map') return root;
  report.error(root, { code: 'wrong-type', message: `the file must be a map, not a ${root.kind}` });
  return null;
}

const notRendered: Fault = {
  code: 'not-supported-yet',
  message: 'Liquid templates ("{% … %}" and "{{ … }}") are not supported yet',
  hint: 'Use variables, "${NAME}", and their defaults.',
};

/**
 * Kontena renders Liquid before it parses, in comments too. Found in the text, since what it surrounds need not be YAML.
 * `{{.Name}}` is not Liquid: log drivers take such templates.
 */
function findLiquid(text: string): { readonly line: number; readonly column: number } | null {
  const offset = text.search(/\{%-?\s*[a-z]|\{\{-?\s*[A-Za-z_"']/);
  if (offset === -1) return null;
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}
