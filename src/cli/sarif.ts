import type { Problem } from '../model/problem.ts';
import { type ProblemCode, problemCodes, problemHelp } from '../model/problem-code.ts';

/** Where relative addresses start; whoever reads the log knows where that is. */
const root = '%SRCROOT%';

interface Found {
  readonly problems: readonly Problem[];
  readonly version: string;
  /** Where a code is explained. */
  readonly help?: (code: string) => string;
}

/** Problems as SARIF 2.1.0, the format of code scanning. Pure. */
export function sarifLog({ problems, version, help = problemHelp }: Found) {
  return {
    version: '2.1.0',
    $schema: 'https://json.schemastore.org/sarif-2.1.0.json',
    runs: [
      {
        tool: {
          driver: {
            name: 'gridops',
            version,
            semanticVersion: version,
            rules: problemCodes.map((code) => rule(code, help(code.code))),
          },
        },
        columnKind: 'utf16CodeUnits',
        originalUriBaseIds: { [root]: { description: { text: 'The root of the checkout.' } } },
        results: problems.map(result),
      },
    ],
  };
}

function rule({ code, severity, meaning }: ProblemCode, help: string) {
  return {
    id: code,
    shortDescription: { text: withoutMarkup(meaning) },
    help: {
      text: `${withoutMarkup(meaning)} See ${help}`,
      markdown: `${meaning} See \`${help}\`.`,
    },
    ...helpUri(help),
    defaultConfiguration: { level: severity },
  };
}

/** The format wants a whole address there; a page of this project is none. */
function helpUri(help: string): { readonly helpUri?: string } {
  return URL.canParse(help) ? { helpUri: help } : {};
}

function withoutMarkup(markdown: string): string {
  return markdown.replaceAll('`', '');
}

function result({ severity, code, message, hint, position }: Problem) {
  // A code that is not in the list has no rule to point at.
  const ruleIndex = problemCodes.findIndex((known) => known.code === code);
  return {
    ruleId: code,
    ...(ruleIndex === -1 ? {} : { ruleIndex }),
    level: severity,
    message: { text: hint === undefined ? message : `${message}. ${hint}` },
    locations: [
      {
        physicalLocation: {
          artifactLocation: { uri: addressOf(position.file), uriBaseId: root },
          region: { startLine: position.line, startColumn: position.column },
        },
      },
    ],
  };
}

function addressOf(file: string): string {
  return file.split('/').map(encodeURIComponent).join('/');
}
