import { expect, test } from 'vitest';
import { createIdentity, encrypt, recipientOf } from '../../src/secrets/age.ts';
import { packValues, readValues, unpackValues } from '../../src/secrets/parcel.ts';

const values = new Map([
  ['⟦secret.a.b⟧', 'x\ny'],
  ['⟦random.a.b⟧', 'ö'],
]);

test('a parcel is for one node only', async () => {
  const identity = await createIdentity();
  const parcel = await packValues(await recipientOf(identity), values);
  expect(await unpackValues(identity, parcel)).toEqual(values);
  expect(await unpackValues(await createIdentity(), parcel)).toBeNull();
  expect(await unpackValues(identity, 'bm9uZQ==')).toBeNull();
});

test('a parcel with something else in it is none', async () => {
  const identity = await createIdentity();
  const sealed = await encrypt(await recipientOf(identity), '{"a": "b"}');
  expect(await unpackValues(identity, Buffer.from(sealed).toString('base64'))).toBeNull();
});

test.each(['', '{}', '[["a"]]', '[["a", 1]]', '["a"]'])('%j holds no values', (text) => {
  expect(readValues(text)).toBeNull();
});
