import type { ForeignFault, TextFile } from '../model/source.ts';
import { plainPath } from './foreign-stacks.ts';
import type { StackMention } from './grid.ts';
import { quote } from './quote.ts';
import type { Fault } from './report.ts';
import type { ListedStack } from './stack-list.ts';
import { valueAt } from './tree.ts';

const foreignKeys = ['repository', 'ref', 'path'];

/** Whether grid.yml takes a stack from another repository, or says something that only such a stack has. */
export function isForeign({ value }: StackMention): boolean {
  return foreignKeys.some((key) => valueAt(value, key) !== null);
}

/** The stack file in the other repository; `null` after it was reported why it is not to be had. */
export function openForeign(listed: ListedStack, mention: StackMention): TextFile | null {
  const { foreign, sources, report } = listed;
  const { value } = mention;
  const mix = mixFault(listed, mention);
  if (mix !== null) {
    report.error(mix.at, mix.fault);
    return null;
  }
  const at = (key: string) => valueAt(value, key) ?? valueAt(value, 'repository') ?? mention.key;
  if (foreign?.kind === 'unseen') report.warn(at('repository'), unseen(listed.listing.name));
  // Never as if there were no such stack: what runs of it would be removed.
  else if (foreign === undefined) report.error(at('repository'), unknown(listed.listing.name));
  if (foreign === undefined || foreign.kind === 'unseen') return null;
  if (foreign.kind === 'fault') {
    report.error(at(foreign.key), faultOf(foreign));
    return null;
  }
  const opened = sources.open(foreign.file);
  if (opened.fault === undefined) return opened.value;
  report.error(at('path'), opened.fault);
  return null;
}

/** What is said of the stack goes together with nothing else. */
function mixFault({ listing }: ListedStack, { key, value }: StackMention) {
  const repository = valueAt(value, 'repository');
  const file = valueAt(value, 'file');
  const path = valueAt(value, 'path');
  const lone = valueAt(value, 'ref') ?? path;
  if (repository === null) return { at: lone ?? key, fault: alone };
  const twice = file ?? (listing.hasFolder ? repository : null);
  if (twice !== null) return { at: twice, fault: both(listing.name) };
  if (path?.kind !== 'scalar' || plainPath(path.text) !== null) return null;
  const message = `${quote(path.text)} is no path of a file in the repository`;
  const hint = 'Write it from the root of the repository, with "/" between folders.';
  return { at: path, fault: { code: 'bad-path', message, hint } };
}

const alone: Fault = {
  code: 'missing-key',
  message: '"ref" and "path" are of a stack in another repository, and none is named',
  hint: 'Name it: "repository: NAME". The file of a stack in this repository is "file".',
};

function both(name: string): Fault {
  return {
    code: 'duplicate-stack',
    message: `the stack ${quote(name)} is there twice: in this repository and in another one`,
    hint: 'Remove "repository" here, or remove the folder or "file".',
  };
}

function unknown(name: string): Fault {
  return {
    code: 'stack-source-unreachable',
    message: `nobody has looked into the repository that the stack ${quote(name)} is in`,
  };
}

function unseen(name: string): Fault {
  return {
    code: 'stack-elsewhere',
    message: `the stack ${quote(name)} is in another repository and was not looked at`,
    hint: `With a working tree of that repository it is: "--stack-source NAME=FOLDER".`,
  };
}

function faultOf({ code, message, hint }: ForeignFault): Fault {
  return { code, message, ...(hint === undefined ? {} : { hint }) };
}
