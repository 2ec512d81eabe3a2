import { describe, expect, test } from 'vitest';
import type { Hook } from '../../src/model/hook.ts';
import { aHook } from '../support/builders.ts';
import { brief, compileService, compileStackFile, theProblem, theService } from './source-tree.ts';

function hooksOf(lines: string): readonly Hook[] | undefined {
  return theService(compileService(lines)).spec.hooks;
}

const migrate = 'name: migrate, cmd: bin/migrate up';

describe('hooks', () => {
  test('run by /bin/sh, for all instances and each time unless more is said', () => {
    const lines = `hooks:
  pre_stop: [{name: drain, cmd: bin/drain}]
  pre_start:
    - {name: migrate, cmd: bin/migrate up && echo "done", instances: 1, oneshot: yes}
  post_start: [{name: warm, cmd: sleep 10}]`;

    expect(hooksOf(lines)).toEqual([
      aHook('pre-start', 'migrate', {
        command: ['/bin/sh', '-c', 'bin/migrate up && echo "done"'],
        instances: [1],
        oneshot: true,
      }),
      aHook('post-start', 'warm', { command: ['/bin/sh', '-c', 'sleep 10'] }),
      aHook('pre-stop', 'drain', { command: ['/bin/sh', '-c', 'bin/drain'] }),
    ]);
  });

  test.each([
    ['"*"', null],
    ["'*'", null],
    ['3', [3]],
    ['"1,2"', [1, 2]],
    ['1, 3', [1, 3]],
    ['"2, 1, 2"', [1, 2]],
    ['[2, 1]', [1, 2]],
    ['[1, "*"]', null],
  ])('run on the instances %s', (written, instances) => {
    const lines = `hooks:\n  pre_start:\n    - name: a\n      cmd: b\n      instances: ${written}`;

    expect(hooksOf(lines)?.[0]?.instances).toEqual(instances);
  });

  test.each([
    ['hooks: {pre_start: [{cmd: b}]}', 'error missing-key 4:25'],
    ['hooks: {pre_start: [{name: a}]}', 'error missing-key 4:25'],
    ['hooks: {pre_start: [{name: a, cmd: ""}]}', 'error wrong-value 4:40'],
    ['hooks: {pre_start: {name: a, cmd: b}}', 'error wrong-type 4:24'],
    ['hooks: {pre_start: [{name: a, cmd: [b]}]}', 'error wrong-type 4:40'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: 0}]}', 'error bad-hook 4:54'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: "1,x"}]}', 'error bad-hook 4:54'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: [1, -1]}]}', 'error bad-hook 4:58'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: []}]}', 'error bad-hook 4:54'],
    ['hooks: {pre_start: [{name: a, cmd: b, oneshot: maybe}]}', 'error wrong-type 4:52'],
    ['hooks: {pre_start: [{name: a, cmd: b, once: true}]}', 'error unknown-key 4:43'],
    ['hooks: {prestart: []}', 'error unknown-key 4:13'],
    ['hooks: {pre_start: [{name: a, cmd: b}, {name: a, cmd: c}]}', 'error duplicate-key 4:51'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: *}]}', 'error yaml-syntax 4:54'],
    ['hooks: {pre_start: [{name: a, cmd: b, instances: *all}]}', 'error unknown-alias 4:54'],
    ['hooks: {pre_build: [{name: a, cmd: b}]}', 'warning no-effect 4:13'],
    ['post_start: [{user: root}]', 'error missing-key 4:18'],
    ['post_start: [{command: []}]', 'error bad-command 4:28'],
    ['post_start: [{command: a, environment: [B]}]', 'error bad-environment 4:45'],
    ['pre_stop: {command: a}', 'error wrong-type 4:15'],
  ])('%s is refused', (lines, expected) => {
    expect(brief(theProblem(compileService(lines)))).toBe(expected);
  });

  test('an asterisk without quotes is a problem that says what to write', () => {
    const { hint } = theProblem(
      compileService('hooks: {pre_start: [{name: a, cmd: b, instances: *}]}'),
    );

    expect(hint).toContain('in quotes: "*"');
  });

  test('before a build have no effect where nothing is built', () => {
    const { hint } = theProblem(compileService(`hooks: {pre_build: [{${migrate}}]}`));

    expect(hint).toBe('Say what is built: "build: FOLDER".');
    expect(hooksOf(`build: .\nhooks: {pre_build: [{${migrate}}]}`)).toBeUndefined();
  });

  test('may have one name in different kinds', () => {
    const lines = `hooks: {pre_start: [{${migrate}}], pre_stop: [{${migrate}}]}`;

    expect(hooksOf(lines)?.map((hook) => hook.kind)).toEqual(['pre-start', 'pre-stop']);
  });

  test('of Compose run as they are written, after Kontena’s of the same kind', () => {
    const lines = `post_start:
  - command: chown -R app /data
    user: root
    privileged: true
    working_dir: /srv
    environment: {B: 1, A: null}
  - command: [bin/warm, "--all"]
    environment: [C=d=e]
pre_stop: [{command: ./flush.sh}]
hooks: {post_start: [{name: first, cmd: "true"}]}`;

    expect(hooksOf(lines)).toEqual([
      aHook('post-start', 'first', { command: ['/bin/sh', '-c', 'true'] }),
      aHook('post-start', '#1', {
        command: ['/bin/sh', '-c', 'chown -R app /data'],
        user: 'root',
        privileged: true,
        workingDirectory: '/srv',
        env: { A: '', B: '1' },
      }),
      aHook('post-start', '#2', { command: ['bin/warm', '--all'], env: { C: 'd=e' } }),
      aHook('pre-stop', '#1', { command: ['/bin/sh', '-c', './flush.sh'] }),
    ]);
  });

  test('come from the service that is extended, whole lists at a time', () => {
    const compiled = compileStackFile(
      `services:
  web:
    extends: {file: docker-compose.yml, service: web}
    pre_stop: [{command: b}]
`,
      {
        'grids/demo/stacks/shop/docker-compose.yml': `version: "2"
services:
  web:
    image: web:1
    post_start: [{command: a}]
    pre_stop: [{command: c}, {command: d}]
`,
      },
    );

    expect(theService(compiled).spec.hooks?.map((hook) => hook.command.at(-1))).toEqual(['a', 'b']);
  });

  test('that are too much to carry around are refused', () => {
    const hook = (name: number) => `{name: n${name}, cmd: "${'x'.repeat(30_000)}"}`;
    const problem = theProblem(
      compileService(`hooks: {pre_start: [${[1, 2, 3].map(hook).join(', ')}]}`),
    );

    expect(brief(problem)).toBe('error bad-hook 4:5');
  });

  test('change the spec hash, and where there are none, nothing', () => {
    const hashOf = (lines: string) => theService(compileService(lines)).specHash;

    expect(hashOf('hooks: {}')).toBe(hashOf(''));
    expect(hashOf('hooks: {pre_start: []}')).toBe(hashOf(''));
    expect(hashOf(`hooks: {pre_start: [{${migrate}}]}`)).not.toBe(hashOf(''));
    expect(hashOf(`hooks: {pre_start: [{${migrate}, instances: "*"}]}`)).toBe(
      hashOf(`hooks: {pre_start: [{${migrate}}]}`),
    );
  });

  test('know the variables of the stack, and leave the shell’s own to it', () => {
    const lines = 'hooks: {pre_start: [{name: a, cmd: "echo ${STACK} $$HOME"}]}';

    expect(hooksOf(lines)?.[0]?.command).toEqual(['/bin/sh', '-c', 'echo shop $HOME']);
  });

  test('name no more instances than agents take', () => {
    const all = Array.from({ length: 1_001 }, (_, at) => at + 1);
    const compiled = compileService(
      `hooks: {pre_start: [{name: a, cmd: b, instances: "${all.join(',')}"}]}`,
    );

    expect(brief(theProblem(compiled))).toBe('error bad-hook 4:54');
  });
});
