import { expect, test } from 'vitest';
import { markOfChance } from '../../src/manifest/chance.ts';
import { createSecretCheck } from '../../src/master/secret-check.ts';
import { parseSealed, printMark } from '../../src/model/secret.ts';
import type { Recipient } from '../../src/secrets/age.ts';
import { sealValue } from '../../src/secrets/sealed-value.ts';
import { aVault, vaultSeed } from '../support/a-vault.ts';
import { aGrid, aService, aStack } from '../support/builders.ts';

const chance = markOfChance(
  {
    path: ['demo', 'shop', 'P'],
    chance: { kind: 'string', length: 8, charset: 'hex' },
    changes: {},
  },
  vaultSeed,
);

async function sealed(recipient: string, value: string, grid = 'demo') {
  const text = await sealValue(recipient, { grid, kind: 'secret', name: 'a' }, value);
  return { [printMark({ kind: 'secret', name: 'a', id: parseSealed(text)?.id ?? '' })]: text };
}

test('a vault opens what was sealed for it, and makes what is made of chance', async () => {
  const vault = await aVault();
  const sources = { ...(await sealed(vault.recipient, 'hush')), [chance]: null };
  const { values, reasons } = await vault.open('demo', sources);
  expect([...values.values()]).toEqual(['hush', expect.stringMatching(/^[0-9a-f]{8}$/)]);
  expect(reasons.size).toBe(0);
});

test('a vault says why it cannot open something, and nothing of what is in it', async () => {
  const [vault, other] = [await aVault(), await aVault()];
  const foreign = await sealed(other.recipient, 'hush');
  const moved = await sealed(vault.recipient, 'hush', 'prod');
  const { values, reasons } = await vault.open('demo', { ...foreign, ...moved });
  expect(values.size).toBe(0);
  expect([...reasons.values()]).toEqual([
    expect.stringContaining('another key'),
    expect.stringContaining('another grid'),
  ]);
  expect((await vault.open('prod', { [chance]: null })).reasons.size).toBe(1);
});

test('a stack whose secrets do not open is held back, and no other', async () => {
  const [vault, other] = [await aVault(), await aVault()];
  const check = createSecretCheck(vault);
  const good = aStack({
    name: 'good',
    services: [aService({ stack: 'good', secrets: await sealed(vault.recipient, 'x') })],
  });
  const bad = aStack({
    name: 'bad',
    services: [aService({ stack: 'bad', secrets: await sealed(other.recipient, 'x') })],
  });
  const compiled = { grid: aGrid(), stacks: [bad, good], failed: ['older'], problems: [] };

  const checked = await check(compiled, 'demo');

  expect(checked.stacks).toEqual([good]);
  expect(checked.failed).toEqual(['bad', 'older']);
  expect(checked.problems).toMatchObject([
    {
      severity: 'error',
      code: 'secret-not-opened',
      stack: 'bad',
      position: bad.services[0]?.position,
    },
  ]);
});

test('a grid with a password that does not open is as good as unread, and nothing of it changes', async () => {
  const [vault, other] = [await aVault(), await aVault()];
  const check = createSecretCheck(vault);
  const position = { file: 'grids/demo/grid.yml', line: 3, column: 5 };
  const accountFor = async (recipient: Recipient) => {
    const [[password, text] = ['', '']] = Object.entries(await sealed(recipient, 'x'));
    return { username: 'deploy', password, sealed: text, position };
  };
  const of = async (recipient: Recipient) =>
    await check(
      {
        grid: aGrid({ registries: { 'registry.example.com': await accountFor(recipient) } }),
        stacks: [],
        failed: [],
        problems: [],
      },
      'demo',
    );

  expect(await of(vault.recipient)).toMatchObject({ grid: { name: 'demo' }, problems: [] });
  const { grid, problems } = await of(other.recipient);

  expect(grid).toBeNull();
  expect(problems).toMatchObject([{ severity: 'error', code: 'secret-not-opened', position }]);
  expect(problems[0]?.message).toContain('"registry.example.com" needs ⟦');
});

test('a stack that was looked at once is not opened again', async () => {
  const vault = await aVault();
  let opened = 0;
  const check = createSecretCheck({
    recipient: vault.recipient,
    open: async (grid, sources) => {
      opened += Object.keys(sources).length;
      return await vault.open(grid, sources);
    },
  });
  const stack = aStack({
    name: 'good',
    services: [aService({ stack: 'good', secrets: await sealed(vault.recipient, 'x') })],
  });
  const compiled = { grid: aGrid(), stacks: [stack], failed: [], problems: [] };
  expect(await check(compiled, 'demo')).toBe(compiled);
  expect(await check(compiled, 'demo')).toBe(compiled);
  expect(opened).toBe(1);
});
