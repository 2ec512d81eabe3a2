import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { backendVariables } from '../../src/manifest/backend-settings.ts';
import { balancerVariables } from '../../src/manifest/balancer-settings.ts';
import { createCompiler } from '../../src/manifest/compile.ts';
import { digest } from '../../src/model/digest.ts';
import type { SourceFile } from '../../src/model/source.ts';

const read = (name: string) =>
  readFileSync(path.resolve(import.meta.dirname, '../..', name), 'utf8');

function compile(texts: Readonly<Record<string, string>>) {
  const files = Object.entries(texts).map(([name, text]): [string, SourceFile] => {
    const file = `grids/demo/${name}`;
    return [file, { kind: 'text', path: file, blob: digest(text), text }];
  });
  const source = { sha: 'a'.repeat(40), inputs: 'inputs', files: new Map(files) };
  return createCompiler().compile(source, 'demo');
}

describe('the page about load balancing', () => {
  it('has every variable in a table', () => {
    const rows = Array.from(
      read('docs/load-balancing.md').matchAll(/^\| (`.*?) \|/gm),
      ([, names]) => names,
    );
    const names = rows.join(' ');
    for (const name of [...backendVariables, ...balancerVariables, 'STATS_PASSWORD', 'SSL_CERTS'])
      expect(names).toContain(`\`${name}\``);
  });

  it('begins with a stack file that compiles', () => {
    const [, text = ''] = /```yaml\n([\s\S]*?)```/.exec(read('docs/load-balancing.md')) ?? [];
    const { problems, stacks } = compile({ 'stacks/shop/kontena.yml': text });
    expect(problems).toEqual([]);
    expect(stacks[0]?.services.map(({ balanced }) => balanced?.by)).toEqual([
      undefined,
      ['shop/lb'],
    ]);
  });
});

describe('the example stack of a load balancer', () => {
  const lb = read('examples/stacks/lb/kontena.yml');

  it('compiles as it is, and with certificates', () => {
    const sealed = `certificates:\n  "*.example.com": g1.${'a'.repeat(16)}.${'QUJD'.repeat(20)}\n`;
    const grid = 'stacks:\n  lb:\n    variables: {certificates: ["*.example.com"]}\n';
    const plain = compile({ 'stacks/lb/kontena.yml': lb });
    const withTls = compile({
      'stacks/lb/kontena.yml': lb,
      'grid.yml': grid,
      'secrets.yml': sealed,
    });
    expect([plain.problems, withTls.problems]).toEqual([[], []]);
    const [service] = withTls.stacks[0]?.services ?? [];
    expect(service?.balancer).toMatchObject({
      healthUri: '/__health',
      certificates: [expect.stringContaining('*.example.com')],
    });
    expect(service?.spec.ports.map(({ nodePort }) => nodePort)).toEqual([80, 443]);
  });
});
