import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCompiler } from '../../src/manifest/compile.ts';
import { digest } from '../../src/model/digest.ts';
import type { Service } from '../../src/model/grid.ts';
import type { SourceFile, SourceTree } from '../../src/model/source.ts';

const example = path.resolve(import.meta.dirname, '../../examples/grid-repo');
const compiled = createCompiler().compile(read(example), 'demo');

describe('the example grid repository', () => {
  it('has no problems and no warnings', () => {
    expect(compiled.problems).toEqual([]);
    expect(compiled.grid?.name).toBe('demo');
    expect(compiled.stacks.map((stack) => stack.name)).toEqual(['counter', 'web']);
  });

  it('has a web service with two instances, of which one serves during a rollout', () => {
    const web = service('web');

    expect(web).toMatchObject({ instances: 2, stateful: false, strategy: 'ha', minHealth: 0.5 });
    expect(web.spec.ports).toMatchObject([{ ip: null, nodePort: 8080, containerPort: 8080 }]);
    expect(web.spec.waitForPort).toBe(8080);
  });

  it('has a stateful service whose data is kept', () => {
    const counter = service('counter');

    expect(counter).toMatchObject({ instances: 1, stateful: true });
    expect(counter.spec.mounts).toEqual([{ kind: 'anonymous', target: '/data' }]);
    expect(counter.spec.ports).toMatchObject([{ nodePort: 8081 }]);
  });

  it('runs one image, which the demo builds', () => {
    expect(new Set(['web', 'counter'].map((name) => service(name).spec.image))).toEqual(
      new Set(['gridops-demo/app:1']),
    );
  });

  it('says in a working copy what the README shows', () => {
    const readme = readFileSync(path.join(example, '../../README.md'), 'utf8');
    const [shown = ''] = /```yaml\n([\s\S]*?)```/.exec(readme)?.slice(1) ?? [];
    const files = new Map([file('grids/demo/stacks/web/kontena.yml', shown)]);

    const { problems, stacks } = createCompiler().compile({ ...read(example), files }, 'demo');

    expect(problems).toEqual([]);
    expect(stacks[0]?.services[0]?.spec.image).toBe(service('web').spec.image);
  });
});

function service(name: string): Service {
  const found = compiled.stacks.flatMap((stack) => stack.services).find((one) => one.name === name);
  if (found === undefined) throw new Error(`the example has no service ${name}`);
  return found;
}

function read(folder: string): SourceTree {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((name) => name.startsWith('grids/') && name.endsWith('.yml'))
    .map((name) => file(name, readFileSync(path.join(folder, name), 'utf8')));
  return { sha: 'a'.repeat(40), inputs: 'inputs', files: new Map(files) };
}

function file(name: string, text: string): [string, SourceFile] {
  return [name, { kind: 'text', path: name, blob: digest(text), text }];
}
