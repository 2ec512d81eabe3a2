import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import { parseSealed, printSealed } from '../../src/model/secret.ts';
import {
  createIdentity,
  encrypt,
  type Identity,
  type Recipient,
  recipientOf,
} from '../../src/secrets/age.ts';
import { openValue, type SealedName, sealValue } from '../../src/secrets/sealed-value.ts';

const of: SealedName = { grid: 'demo', kind: 'secret', name: 'db-password' };
let identity: Identity;
let recipient: Recipient;

beforeAll(async () => {
  identity = await createIdentity();
  recipient = await recipientOf(identity);
});

describe('a sealed value', () => {
  test('is opened by who has the key, whatever it is', async () => {
    const values = fc
      .string({ minLength: 1, unit: 'grapheme' })
      .filter((text) => !text.includes('\0'));
    await fc.assert(
      fc.asyncProperty(values, async (value) => {
        const text = await sealValue(recipient, of, value);
        expect(parseSealed(text)).not.toBeNull();
        expect(await openValue([identity], of, text)).toEqual({ value });
      }),
      { numRuns: 25 },
    );
  });

  test('is another text each time, and none that says how long it is to the letter', async () => {
    const [a, b] = [await sealValue(recipient, of, 'x'), await sealValue(recipient, of, 'x')];
    expect(parseSealed(a)?.id).not.toBe(parseSealed(b)?.id);
  });

  test.each<[string, Partial<SealedName>, string]>([
    ['another grid', { grid: 'other' }, 'another grid'],
    ['another name', { name: 'other' }, 'another name'],
    ['another kind', { kind: 'certificate' }, 'another name'],
  ])('does not open for %s', async (_, other, reason) => {
    const opened = await openValue(
      [identity],
      { ...of, ...other },
      await sealValue(recipient, of, 'x'),
    );
    expect(opened.reason).toContain(reason);
    expect(opened.value).toBeUndefined();
  });

  test('does not open with another key, and with any of several', async () => {
    const text = await sealValue(recipient, of, 'x');
    const other = await createIdentity();
    expect((await openValue([other], of, text)).reason).toContain('another key');
    expect(await openValue([other, identity], of, text)).toEqual({ value: 'x' });
  });

  test('does not open with another id, or when a bit of it is changed', async () => {
    const { id, payload } = parseSealed(await sealValue(recipient, of, 'x')) ?? {
      id: '',
      payload: '',
    };
    const renamed = printSealed({ id: 'a'.repeat(16), payload });
    expect((await openValue([identity], of, renamed)).reason).toContain('id');
    const bytes = Buffer.from(payload, 'base64url');
    const last = bytes.length - 1;
    bytes[last] = (bytes[last] ?? 0) ^ 1;
    const bent = printSealed({ id, payload: bytes.toString('base64url') });
    expect((await openValue([identity], of, bent)).reason).toContain('changed');
  });

  test.each(['"text"', '[]', '{}', '["demo","secret","db-password","a"]', 'no json'])(
    'of somebody else who writes %s is none of ours',
    async (content) => {
      const payload = Buffer.from(await encrypt(recipient, content)).toString('base64url');
      const text = printSealed({ id: 'a'.repeat(16), payload });
      expect((await openValue([identity], of, text)).reason).toContain('not a value');
    },
  );

  test.each([
    ['', 'no value'],
    ['a\0b', 'NUL'],
    ['x'.repeat(65_537), '65537 bytes'],
  ])('cannot be made of %j', async (value, reason) => {
    await expect(sealValue(recipient, of, value)).rejects.toThrow(reason);
  });

  test('needs a recipient that is one', async () => {
    await expect(sealValue('age1nobody', of, 'x')).rejects.toMatchObject({
      code: 'invalid-request',
    });
  });
});
