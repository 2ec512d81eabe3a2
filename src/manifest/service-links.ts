import type { LinkAlias } from '../model/extras.ts';
import { servicePath } from '../model/identity.ts';
import type { Position } from '../model/problem.ts';
import { type Link, parseLink } from './links.ts';
import { quote } from './quote.ts';
import type { Fault, Parsed } from './report.ts';
import { parseEach, type Section } from './section.ts';
import type { ServiceEntry } from './service-schema.ts';
import { locate, locateKey, type TreePath } from './tree.ts';

export interface Dependency {
  /** `stack/service` */
  readonly path: string;
  readonly stack: string;
  readonly at: Position;
}

export interface ServiceLinks {
  readonly dependencies: readonly Dependency[];
  /** Paths of what `links` and `external_links` name, in their order, each once. */
  readonly linked: readonly string[];
  /** Names that only this service knows others by. */
  readonly aliases: readonly LinkAlias[];
}

interface Found {
  readonly value: Link;
  readonly path: TreePath;
}

/** `links`, `external_links` and `depends_on` alike say what has to be ready first; links may also give it a name. */
export function readLinks(
  section: Section<ServiceEntry>,
  { stack, names }: { readonly stack: string; readonly names: readonly string[] },
): ServiceLinks {
  const { value } = section;
  const parse = (text: string) => parseLink(text, stack);
  const links = [
    ...parseEach(section, 'links', value.links, parse),
    ...parseEach(section, 'external_links', value.external_links, parse),
  ];
  const isThere = (link: Link) => link.stack !== stack || names.includes(link.service);
  const dependencies = [...links, ...readDependsOn(section, { parse, isThere, stack })].map(
    ({ value: link, path }) => dependencyAt(section, link, path),
  );
  const linked = [...new Set(links.map(({ value: link }) => servicePath(link)))];
  return { dependencies, linked, aliases: readAliases(section, links, stack) };
}

export function dependencyAt(
  { node }: Section<ServiceEntry>,
  target: { readonly stack: string; readonly service: string },
  path: TreePath,
): Dependency {
  const { file, line, column } = locateKey(node, path);
  return { path: servicePath(target), stack: target.stack, at: { file, line, column } };
}

function readAliases(
  { node, report }: Section<ServiceEntry>,
  links: readonly Found[],
  stack: string,
): readonly LinkAlias[] {
  const aliases = new Map<string, LinkAlias>();
  for (const { value: link, path } of links) {
    const { alias } = link;
    // Within the stack it answers to its own name already.
    if (alias === null || (alias === link.service && link.stack === stack)) continue;
    const target = `${link.service}.${link.stack}`;
    const known = aliases.get(alias);
    if (known !== undefined && known.target !== target) {
      const message = `the alias ${quote(alias)} stands for two services`;
      report.error(locate(node, path), { code: 'bad-link', message, hint: 'Rename one of them.' });
    }
    aliases.set(alias, { target, alias });
  }
  return [...aliases.values()];
}

interface DependencyReading {
  readonly stack: string;
  readonly parse: (text: string) => Parsed<Link>;
  /** Whether the stack has it; those of other stacks are looked for later. */
  readonly isThere: (link: Link) => boolean;
}

function readDependsOn(
  section: Section<ServiceEntry>,
  { parse, isThere, stack }: DependencyReading,
): readonly Found[] {
  const written = section.value.depends_on ?? [];
  if (isList(written)) return parseEach(section, 'depends_on', written, parse);
  return Object.entries(written).flatMap(([name, { condition, required }]) => {
    const parsed = parse(name);
    const path = ['depends_on', name];
    if (required === false && parsed.fault === undefined) {
      if (!isThere(parsed.value)) return [];
      section.report.warn(locateKey(section.node, [...path, 'required']), waitedFor(name));
    }
    if (condition === 'service_completed_successfully')
      checkCompletion(section, path, { parsed, stack });
    if (parsed.fault === undefined) return [{ value: parsed.value, path }];
    section.report.error(locateKey(section.node, path), parsed.fault);
    return [];
  });
}

function waitedFor(name: string): Fault {
  const message = `"required: false" has no effect: ${quote(name)} is waited for`;
  return { code: 'no-effect', message };
}

/** The stack itself makes a job of what has to complete; it cannot of what is another's. */
function checkCompletion(
  { node, report }: Section<ServiceEntry>,
  path: TreePath,
  { parsed: { value }, stack }: { readonly parsed: Parsed<Link>; readonly stack: string },
): void {
  if (value === undefined || value.stack === stack) return;
  report.error(locate(node, [...path, 'condition']), {
    code: 'not-possible',
    message: `whether ${quote(value.service)} of the stack ${quote(value.stack)} is a job is said there`,
    hint: 'Write "job: {run: on-deploy}" there, and leave out the condition: a job is waited for until it has succeeded.',
  });
}

// Array.isArray does not narrow readonly arrays.
function isList(written: NonNullable<ServiceEntry['depends_on']>): written is readonly string[] {
  return Array.isArray(written);
}
