import { Ajv2020 } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { describe, expect, it } from 'vitest';
import { sarifLog } from '../../src/cli/sarif.ts';
import type { Problem } from '../../src/model/problem.ts';

/** What the format (OASIS, SARIF 2.1.0) demands of the parts that we write; no other part is written. */
const text = {
  type: 'object',
  required: ['text'],
  properties: { text: { type: 'string', minLength: 1 } },
};
const markup = { ...text, properties: { ...text.properties, markdown: { type: 'string' } } };
const level = { enum: ['none', 'note', 'warning', 'error'] };
const format = closed(['version', 'runs'], {
  $schema: { type: 'string', format: 'uri' },
  version: { const: '2.1.0' },
  runs: list(
    closed(['tool', 'results'], {
      tool: closed(['driver'], {
        driver: closed(['name'], {
          name: { type: 'string' },
          version: { type: 'string' },
          semanticVersion: { type: 'string' },
          rules: {
            uniqueItems: true,
            ...list(
              closed(['id'], {
                id: { type: 'string' },
                shortDescription: markup,
                help: markup,
                helpUri: { type: 'string', format: 'uri' },
                defaultConfiguration: closed([], { level }),
              }),
            ),
          },
        }),
      }),
      columnKind: { enum: ['utf16CodeUnits', 'unicodeCodePoints'] },
      originalUriBaseIds: {
        type: 'object',
        additionalProperties: closed([], { description: text }),
      },
      results: list(
        closed(['message'], {
          ruleId: { type: 'string' },
          ruleIndex: { type: 'integer', minimum: -1 },
          level,
          message: text,
          locations: list(
            closed([], {
              physicalLocation: closed(['artifactLocation'], {
                artifactLocation: closed(['uri'], {
                  uri: { type: 'string', format: 'uri-reference' },
                  uriBaseId: { type: 'string' },
                }),
                region: closed([], {
                  startLine: { type: 'integer', minimum: 1 },
                  startColumn: { type: 'integer', minimum: 1 },
                }),
              }),
            }),
          ),
        }),
      ),
    }),
  ),
});

function closed(required: readonly string[], properties: object) {
  return { type: 'object', additionalProperties: false, required, properties };
}

function list(items: object) {
  return { type: 'array', items };
}

function valid(log: unknown): unknown {
  const ajv = new Ajv2020({ allErrors: true });
  formats.default(ajv);
  const check = ajv.compile(format);
  return check(log) ? [] : check.errors;
}

function aProblem(overrides: Partial<Problem> = {}): Problem {
  return {
    severity: 'error',
    code: 'unknown-key',
    message: 'unknown key "imagee"',
    position: { file: 'grids/demo/stacks/a b/kontena.yml', line: 4, column: 5 },
    hint: 'Did you mean "image"?',
    ...overrides,
  };
}

describe('a SARIF log', () => {
  const odd = aProblem({ severity: 'warning', code: 'not-in-the-list' });
  const log = sarifLog({ problems: [aProblem(), odd], version: '1.2.3' });
  const [run] = log.runs;

  it('has the form that SARIF 2.1.0 demands', () => {
    expect(valid(JSON.parse(JSON.stringify(log)))).toEqual([]);
    expect(valid(sarifLog({ problems: [], version: '1.2.3' }))).toEqual([]);
  });

  it('places each problem by line and column of a file below the root of the checkout', () => {
    expect(run?.results[0]).toMatchObject({
      ruleId: 'unknown-key',
      level: 'error',
      message: { text: 'unknown key "imagee". Did you mean "image"?' },
      locations: [
        {
          physicalLocation: {
            artifactLocation: {
              uri: 'grids/demo/stacks/a%20b/kontena.yml',
              uriBaseId: '%SRCROOT%',
            },
            region: { startLine: 4, startColumn: 5 },
          },
        },
      ],
    });
  });

  it('has a rule for each code, with its meaning and where that is explained', () => {
    const rules = run?.tool.driver.rules ?? [];
    const rule = rules[run?.results[0]?.ruleIndex ?? -1];
    expect(rule).toMatchObject({
      id: 'unknown-key',
      shortDescription: { text: 'A key that nobody knows, with a guess at what was meant.' },
      help: { markdown: expect.stringContaining('docs/grid-repository.md#unknown-key') },
      defaultConfiguration: { level: 'error' },
    });
    expect(rules.map(({ shortDescription }) => shortDescription.text).join('')).not.toContain('`');
  });

  it('links the explanation where it has a whole address', () => {
    const help = (code: string) => `https://docs.example/problems#${code}`;
    const linked = sarifLog({ problems: [], version: '1.2.3', help });
    expect(valid(JSON.parse(JSON.stringify(linked)))).toEqual([]);
    expect(linked.runs[0]?.tool.driver.rules[0]).toMatchObject({ helpUri: help('ambiguous-name') });
    expect(run?.tool.driver.rules[0]).not.toHaveProperty('helpUri');
  });

  it('points at no rule for a code that it does not know', () => {
    expect(run?.results[1]).not.toHaveProperty('ruleIndex');
  });
});
