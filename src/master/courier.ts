import type { Assignment } from '../model/assignment.ts';
import { errorMessage } from '../model/error.ts';
import { showMarks } from '../model/secret.ts';
import type { Signed } from '../protocol/agent.ts';
import { type KeyPair, seal } from '../protocol/sign.ts';
import type { Recipient } from '../secrets/age.ts';
import { packValues } from '../secrets/parcel.ts';
import type { Vault } from './vault.ts';

export interface Parcel {
  /** A signed `SecretsParcel`, which only the node can open. */
  readonly signed?: Signed;
  /** What is not in it, and why: the instances that need it will not start. */
  readonly missing: readonly string[];
}

interface Sender {
  readonly vault: Vault;
  readonly identity: KeyPair;
  /** `null`: the agent takes no secrets. */
  readonly recipient: Recipient | null;
}

/**
 * The values of an assignment's secrets, opened for the moment that it takes to seal them for the node. Never throws: an
 * assignment is worth sending without them, too.
 */
export async function packSecrets(assignment: Assignment, sender: Sender): Promise<Parcel> {
  const { grid, node, generation, secrets = {} } = assignment;
  const { vault, identity, recipient } = sender;
  if (recipient === null)
    return { missing: [`the agent of node ${node} is too old for secrets: update it`] };
  try {
    const { values, reasons } = await vault.open(grid, secrets);
    const sealed = await packValues(recipient, values);
    const missing = Array.from(reasons, ([mark, reason]) => `${showMarks(mark)}: ${reason}`);
    return { signed: seal(identity, 'secrets', { grid, node, generation, sealed }), missing };
  } catch (error) {
    return { missing: [`the secrets could not be packed: ${errorMessage(error)}`] };
  }
}
