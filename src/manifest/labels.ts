import { pairsOf } from './pairs.ts';
import { quote } from './quote.ts';
import type { Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';

/** By labels with these beginnings agents know their own containers: nobody else may write them. */
const reserved = ['io.kontena.', 'io.gridops.'];

/** Labels as a map, or as a list of `name=value` and `name`. */
export function readLabels(
  section: Section<Pick<ServiceEntry, 'labels'>>,
): Readonly<Record<string, string>> {
  const { value, report } = section;
  const labels = new Map<string, string>();
  for (const { name, text, at } of pairsOf(section, 'labels', value.labels)) {
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
