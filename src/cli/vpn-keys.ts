import { generateKeyPairSync } from 'node:crypto';

/** As WireGuard writes them: 32 bytes, in base64. */
export interface KeyPair {
  readonly privateKey: string;
  readonly publicKey: string;
}

export function createKeyPair(): KeyPair {
  const { d, x } = generateKeyPairSync('x25519').privateKey.export({ format: 'jwk' });
  return { privateKey: toBase64(d), publicKey: toBase64(x) };
}

function toBase64(part: string | undefined): string {
  return Buffer.from(part ?? '', 'base64url').toString('base64');
}
