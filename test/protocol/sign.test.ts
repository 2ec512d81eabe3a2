import { describe, expect, it } from 'vitest';
import {
  createKeyPair,
  fingerprint,
  keyPairFromPem,
  keyPairToPem,
  open,
  seal,
  sessionText,
  sign,
  verify,
} from '../../src/protocol/sign.ts';

describe('signatures', () => {
  const pair = createKeyPair();

  it('verify only with the key, the text and the purpose that they were made for', () => {
    const signature = sign(pair, 'session-node', 'text');

    expect(verify(pair.publicKey, 'session-node', 'text', signature)).toBe(true);
    expect(verify(pair.publicKey, 'session-master', 'text', signature)).toBe(false);
    expect(verify(pair.publicKey, 'session-node', 'other', signature)).toBe(false);
    expect(verify(createKeyPair().publicKey, 'session-node', 'text', signature)).toBe(false);
  });

  it('answer false, and never throw, for garbage from the wire', () => {
    for (const garbage of ['', 'AAAA', '\u0000', 'x'.repeat(10_000)]) {
      expect(verify(garbage, 'assignment', 'text', garbage)).toBe(false);
      expect(verify(pair.publicKey, 'assignment', 'text', garbage)).toBe(false);
    }
  });

  it('open what was sealed, and nothing that was changed by a character', () => {
    const sealed = seal(pair, 'assignment', { generation: 7 });

    expect(open(pair.publicKey, 'assignment', sealed)).toBe('{"generation":7}');
    expect(
      open(pair.publicKey, 'assignment', { ...sealed, payload: '{"generation":8}' }),
    ).toBeNull();
  });

  it('survive the key file', () => {
    const restored = keyPairFromPem(keyPairToPem(pair));

    expect(restored.publicKey).toBe(pair.publicKey);
    expect(sign(restored, 'credential', 'x')).toBe(sign(pair, 'credential', 'x'));
  });

  it('of a session are bound to both nonces, which cannot be shifted into each other', () => {
    expect(sessionText({ agent: 'ab', master: 'c' })).not.toBe(
      sessionText({ agent: 'a', master: 'bc' }),
    );
    expect(fingerprint(pair.publicKey)).toMatch(/^[0-9a-f]{64}$/);
  });
});
