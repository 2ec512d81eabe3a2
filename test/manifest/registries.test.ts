import { describe, expect, test } from 'vitest';
import { printMark } from '../../src/model/secret.ts';
import { brief, compileFiles, GRID_FILE, STACK_FILE, theProblem } from './source-tree.ts';

const ID = 'a'.repeat(16);
const SEALED = `g1.${ID}.${'QUJD'.repeat(20)}`;
const CANARY = 'correct-horse-battery';

function compiled(registries: string) {
  return compileFiles({
    [GRID_FILE]: `registries:\n${registries}\n`,
    'grids/demo/secrets.yml': `secrets:\n  REGISTRY_PASSWORD: ${SEALED}\n`,
    [STACK_FILE]: 'services:\n  web: {image: registry.example.com/web:1}\n',
  });
}

const account = (password: string, host = 'registry.example.com') =>
  `  ${host}: {username: deploy, password: ${password}}`;

describe('accounts at registries', () => {
  test('have a mark for a password, and what that is sealed in', () => {
    const { grid, problems } = compiled(account('REGISTRY_PASSWORD'));
    expect(problems).toEqual([]);
    expect(grid?.registries).toEqual({
      'registry.example.com': {
        username: 'deploy',
        password: printMark({ kind: 'secret', name: 'REGISTRY_PASSWORD', id: ID }),
        sealed: SEALED,
        position: { file: GRID_FILE, line: 2, column: 54 },
      },
    });
  });

  test('are none where none are named', () => {
    expect(compileFiles({ [GRID_FILE]: 'mtu: 1400\n' }).grid).not.toHaveProperty('registries');
    expect(compiled('').grid).not.toHaveProperty('registries');
  });

  test.each(['docker.io', 'localhost', '"localhost:5000"', '"registry:5000"', '"10.0.0.1:5000"'])(
    'are by the host of image names: %s',
    (host) => {
      const { grid } = compiled(account('REGISTRY_PASSWORD', host));
      expect(Object.keys(grid?.registries ?? {})).toEqual([host.replaceAll('"', '')]);
    },
  );

  test.each([
    ['index.docker.io', 'Write "docker.io"'],
    ['registry', 'with a dot in it'],
    ['https://registry.example.com', 'as image names begin'],
    ['registry.example.com/team', 'as image names begin'],
    ['Registry.example.com', 'as image names begin'],
  ])('have no other hosts: %s', (host, hint) => {
    const problem = theProblem(compiled(account('REGISTRY_PASSWORD', `"${host}"`)));
    expect(brief(problem)).toBe('error invalid-name 2:3');
    expect(problem.hint).toContain(hint);
  });

  test('want a secret that there is, and say which may be meant', () => {
    const result = compiled(account('REGISTRY_PASWORD'));
    expect(result.grid).toBeNull();
    const problem = theProblem(result);
    expect(brief(problem)).toBe('error unknown-secret 2:54');
    expect(problem.hint).toBe('Did you mean "REGISTRY_PASSWORD"?');
  });

  test.each([
    ['in place of the name', account(CANARY), 'unknown-secret'],
    ['with other characters', account(`"${CANARY} & more"`), 'unknown-secret'],
    ['longer than anything', account(CANARY.repeat(400)), 'wrong-value'],
    ['in place of the account', `  registry.example.com: ${CANARY}`, 'wrong-type'],
    ['in place of all', `  ${CANARY}`, 'wrong-type'],
    ['in the host', account('REGISTRY_PASSWORD', `"deploy:${CANARY}@a.io"`), 'invalid-name'],
  ])('repeat no password that somebody wrote %s', (_, written, code) => {
    const { grid, problems } = compiled(written);
    expect(grid).toBeNull();
    expect(problems.map((problem) => problem.code)).toContain(code);
    expect(JSON.stringify(problems)).not.toContain(CANARY);
  });

  test.each([
    ['  a.io: {username: deploy}', 'missing-key'],
    ['  a.io: {password: REGISTRY_PASSWORD}', 'missing-key'],
    ['  a.io: {username: "a:b", password: REGISTRY_PASSWORD}', 'wrong-value'],
    ['  a.io: {username: a, password: REGISTRY_PASSWORD, email: a@b.c}', 'unknown-key'],
  ])('are whole: %s', (written, code) => {
    expect(theProblem(compiled(written)).code).toBe(code);
  });
});
