import { mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Assignment } from '../model/assignment.ts';
import { errorMessage, GridError } from '../model/error.ts';
import type { NetworkMap } from '../model/network.ts';
import type { Signed } from '../protocol/agent.ts';
import {
  decodeAssignment,
  decodeCredential,
  decodeNetworkMap,
  decodeSecretsParcel,
} from '../protocol/codec.ts';
import {
  createKeyPair,
  type KeyPair,
  keyPairFromPem,
  keyPairToPem,
  open,
} from '../protocol/sign.ts';
import { readText, writePrivately } from '../runtime/private-file.ts';

/** That this node belongs to a grid: whom it trusts and by what it is known. Both came in one handshake. */
export interface Membership {
  /** The master's public key, pinned when the node joined. */
  readonly masterKey: string;
  readonly credential: Signed;
  readonly grid: string;
  readonly node: string;
}

export interface HeldAssignment {
  readonly signed: Signed;
  readonly assignment: Assignment;
}

export interface HeldNetworkMap {
  readonly signed: Signed;
  readonly map: NetworkMap;
}

/**
 * What a node must not lose, in one directory that only its user can read: `node.pem` (its key), `membership.json` (the
 * master's key and the credential), `assignment.json` and `network.json` (the last ones, signed). Secret values are beside it, in `secrets.json` (secret-store.ts).
 */
export class Identity {
  readonly keys: KeyPair;
  readonly #directory: string;
  #membership: Membership | null;

  private constructor(directory: string, keys: KeyPair, membership: Membership | null) {
    this.#directory = directory;
    this.keys = keys;
    this.#membership = membership;
  }

  /** Makes directory and key when they are missing. Throws `invalid-configuration` for files that are damaged. */
  static async open(directory: string): Promise<Identity> {
    await mkdir(directory, { recursive: true, mode: 0o700 });
    const keys = await loadKeys(path.join(directory, 'node.pem'));
    const text = await readText(path.join(directory, 'membership.json'));
    const membership = text === null ? null : parseMembership(text, keys, directory);
    return new Identity(directory, keys, membership);
  }

  /** `null`: the node has not joined a grid yet. */
  get membership(): Membership | null {
    return this.#membership;
  }

  /** Checks what the master handed out, and keeps it. Throws `not-authenticated` when it is not for this key. */
  async join(welcome: {
    readonly masterKey: string;
    readonly credential: Signed;
    readonly grid: string;
    readonly node: string;
  }): Promise<Membership> {
    const { masterKey, credential } = welcome;
    const known = this.#membership;
    if (known?.masterKey === masterKey && known.credential.payload === credential.payload)
      return known;
    const membership = readMembership(masterKey, credential, this.keys);
    if (membership.grid !== welcome.grid || membership.node !== welcome.node)
      throw new GridError({
        code: 'not-authenticated',
        message: 'the credential is for another node',
      });
    const text = JSON.stringify({ masterKey, credential });
    await writePrivately(path.join(this.#directory, 'membership.json'), text);
    this.#membership = membership;
    return membership;
  }

  /** The last assignment that was kept; `null` when there is none, or none that its master signed for this node. */
  async assignment(): Promise<HeldAssignment | null> {
    const text = await readText(path.join(this.#directory, 'assignment.json'));
    if (text === null || this.#membership === null) return null;
    try {
      const signed = JSON.parse(text) as Signed;
      return { signed, assignment: checkAssignment(signed, this.#membership) };
    } catch {
      return null;
    }
  }

  /** The last network map that was kept; `null` as for the assignment. */
  async networkMap(): Promise<HeldNetworkMap | null> {
    const text = await readText(path.join(this.#directory, 'network.json'));
    if (text === null || this.#membership === null) return null;
    try {
      const signed = JSON.parse(text) as Signed;
      return { signed, map: checkNetworkMap(signed, this.#membership) };
    } catch {
      return null;
    }
  }

  async keepNetworkMap(signed: Signed): Promise<void> {
    await writePrivately(path.join(this.#directory, 'network.json'), JSON.stringify(signed));
  }

  async keep(signed: Signed): Promise<void> {
    await writePrivately(path.join(this.#directory, 'assignment.json'), JSON.stringify(signed));
  }
}

/**
 * The assignment in a signed text. Throws `GridError`: `not-authenticated` when the node's master did not sign it,
 * `not-authorised` when it is for another node, `protocol-violation` when it is malformed.
 */
export function checkAssignment(signed: Signed, membership: Membership): Assignment {
  const payload = open(membership.masterKey, 'assignment', signed);
  if (payload === null)
    throw new GridError({
      code: 'not-authenticated',
      message: 'the assignment is not signed by this node’s master',
    });
  const assignment = decodeAssignment(payload);
  const { grid, node } = membership;
  if (assignment.grid !== grid || assignment.node !== node)
    throw new GridError({
      code: 'not-authorised',
      message: `the assignment is for ${assignment.grid}/${assignment.node}, this node is ${grid}/${node}`,
    });
  return assignment;
}

/** The network map in a signed text. Throws as `checkAssignment` does. */
export function checkNetworkMap(signed: Signed, { masterKey, grid, node }: Membership): NetworkMap {
  const payload = open(masterKey, 'network', signed);
  if (payload === null)
    throw new GridError({
      code: 'not-authenticated',
      message: 'the network map is not signed by this node’s master',
    });
  const map = decodeNetworkMap(payload);
  if (map.grid === grid) return map;
  throw new GridError({
    code: 'not-authorised',
    message: `the network map is of grid ${map.grid}, this node ${node} is in ${grid}`,
  });
}

/** The sealed values that belong to an assignment. Throws as `checkAssignment` does. */
export function checkSecrets(
  signed: Signed,
  { generation }: Assignment,
  { masterKey, grid, node }: Membership,
): string {
  const payload = open(masterKey, 'secrets', signed);
  if (payload === null)
    throw new GridError({
      code: 'not-authenticated',
      message: 'the secrets are not signed by this node’s master',
    });
  const parcel = decodeSecretsParcel(payload);
  if (parcel.grid === grid && parcel.node === node && parcel.generation === generation)
    return parcel.sealed;
  throw new GridError({
    code: 'not-authorised',
    message: `the secrets are for generation ${parcel.generation} of ${parcel.grid}/${parcel.node}`,
  });
}

async function loadKeys(file: string): Promise<KeyPair> {
  const pem = await readText(file);
  if (pem !== null) return parseKeys(pem, file);
  const keys = createKeyPair();
  await writePrivately(file, keyPairToPem(keys));
  return keys;
}

function parseKeys(pem: string, file: string): KeyPair {
  try {
    return keyPairFromPem(pem);
  } catch (error) {
    throw damaged(file, error);
  }
}

function parseMembership(text: string, keys: KeyPair, directory: string): Membership {
  try {
    const { masterKey, credential } = JSON.parse(text) as { masterKey: string; credential: Signed };
    return readMembership(masterKey, credential, keys);
  } catch (error) {
    throw damaged(path.join(directory, 'membership.json'), error);
  }
}

function readMembership(masterKey: string, credential: Signed, keys: KeyPair): Membership {
  const payload = open(masterKey, 'credential', credential);
  if (payload === null)
    throw new GridError({
      code: 'not-authenticated',
      message: 'the credential is not signed by its master',
    });
  const { grid, node, publicKey } = decodeCredential(payload);
  if (publicKey !== keys.publicKey)
    throw new GridError({
      code: 'not-authenticated',
      message: 'the credential is for another key',
    });
  return { masterKey, credential, grid, node };
}

function damaged(file: string, cause: unknown): GridError {
  return new GridError({
    code: 'invalid-configuration',
    message: `${file} is damaged: ${errorMessage(cause)}`,
    hint: 'Restore it from a backup, or empty its directory and join again with a new token.',
    cause,
  });
}
