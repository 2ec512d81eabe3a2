import { describe, expect, test } from 'vitest';
import { AccountWatch, accountsOf } from '../../src/master/registry-accounts.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { DeclaredAccount } from '../../src/model/registry-account.ts';
import { printMark } from '../../src/model/secret.ts';
import { anAssignedInstance, aService, aSpec } from '../support/builders.ts';

function anAccount(id = 'a'): DeclaredAccount {
  return {
    username: 'deploy',
    password: printMark({ kind: 'secret', name: 'REGISTRY_PASSWORD', id }),
    sealed: `sealed-${id}`,
    position: { file: 'grids/demo/grid.yml', line: 2, column: 3 },
  };
}

const { position: _, sealed: __, ...told } = anAccount();

function instancesOf(...images: readonly string[]) {
  return images.map((image, at) =>
    anAssignedInstance(aService({ spec: aSpec({ image }) }), { number: at + 1 }),
  );
}

describe('the accounts that a node is told', () => {
  test('are those at registries that its instances pull from, with what their marks stand for', () => {
    const registries = { 'b.io': anAccount(), 'a.io': anAccount(), 'other.io': anAccount('b') };
    const accounts = accountsOf(instancesOf('b.io/web', 'a.io/web', 'b.io/db', 'web'), registries);
    expect(accounts).toEqual({
      registries: { 'a.io': told, 'b.io': told },
      secrets: { [told.password]: 'sealed-a' },
    });
    expect(Object.keys(accounts?.registries ?? {})).toEqual(['a.io', 'b.io']);
  });

  test('are none where it pulls from none of them', () => {
    expect(accountsOf(instancesOf('web'), { 'a.io': anAccount() })).toBeNull();
    expect(accountsOf(instancesOf('a.io/web'), undefined)).toBeNull();
  });
});

describe('an assignment', () => {
  const assignment: Assignment = {
    grid: 'demo',
    node: 'node-1',
    generation: 1,
    roster: [],
    instances: instancesOf('a.io/web'),
    kept: [],
    registries: { 'a.io': told },
  };
  const { registries: ___, ...bare } = assignment;

  test.each([
    ['is as it would be now', assignment, { 'a.io': anAccount() }, false],
    [
      'has no use for a new account',
      assignment,
      { 'a.io': anAccount(), 'b.io': anAccount() },
      false,
    ],
    ['has an older password', assignment, { 'a.io': anAccount('b') }, true],
    ['has another user', assignment, { 'a.io': { ...anAccount(), username: 'root' } }, true],
    ['has an account that is gone', assignment, undefined, true],
    ['lacks an account', bare, { 'a.io': anAccount() }, true],
    ['has none and needs none', bare, undefined, false],
  ])('%s', (_name, of, registries, expected) => {
    const watch = new AccountWatch();
    expect(watch.isOutdated(of, registries)).toBe(expected);
    expect(watch.isOutdated(of, registries)).toBe(expected);
  });
});
