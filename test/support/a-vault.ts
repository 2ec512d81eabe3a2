import { createVault, type Vault } from '../../src/master/vault.ts';
import type { Seed } from '../../src/model/seed.ts';
import { createIdentity, recipientOf } from '../../src/secrets/age.ts';

export const vaultSeed: Seed = new Uint8Array(32).fill(7);

/** A vault with a key of its own. */
export async function aVault(): Promise<Vault> {
  const identity = await createIdentity();
  const recipient = await recipientOf(identity);
  return createVault({ identities: [identity], recipient, seed: vaultSeed });
}
