import { quote } from './quote.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey } from './tree.ts';

/** By labels with these beginnings agents know their own containers: nobody else may write them. */
const reserved = ['io.kontena.', 'io.gridops.'];

/** Labels as a map, or as a list of `name=value` and `name`. */
export function readLabels({
  value,
  node,
  report,
}: Section<Pick<ServiceEntry, 'labels'>>): Readonly<Record<string, string>> {
  const labels = new Map<string, string>();
  for (const { name, text, at } of pairsOf(value.labels, node)) {
    if (name === '' || name === '__proto__') {
      report.error(at, {
        code: 'bad-label',
        message: `${quote(name)} cannot be the name of a label`,
      });
    } else if (reserved.some((prefix) => name.toLowerCase().startsWith(prefix))) {
      const message = `labels that begin with ${quote(reserved.find((p) => name.toLowerCase().startsWith(p)) ?? '')} are set by gridops`;
      report.error(at, { code: 'reserved-label', message, hint: 'Choose another name.' });
    } else if (labels.has(name)) {
      report.error(at, {
        code: 'duplicate-key',
        message: `the label ${quote(name)} is set twice in this list`,
      });
    }
    labels.set(name, text);
  }
  return Object.fromEntries(labels);
}

function pairsOf(labels: ServiceEntry['labels'], node: Section<unknown>['node']) {
  if (labels === undefined) return [];
  if (!isList(labels)) {
    return Object.entries(labels).map(([name, text]) => ({
      name,
      text: text ?? '',
      at: locateKey(node, ['labels', name]),
    }));
  }
  return labels.map((item, index) => {
    const [name = '', ...rest] = item.split('=');
    return { name, text: rest.join('='), at: locate(node, ['labels', index]) };
  });
}

// Array.isArray does not narrow readonly arrays.
function isList(labels: NonNullable<ServiceEntry['labels']>): labels is readonly string[] {
  return Array.isArray(labels);
}
