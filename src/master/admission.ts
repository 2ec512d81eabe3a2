import { createHash } from 'node:crypto';
import { GridError } from '../model/error.ts';
import type { AgentMessageOf, Signed } from '../protocol/agent.ts';
import { decodeCredential } from '../protocol/codec.ts';
import { parseJoinToken } from '../protocol/join-token.ts';
import { fingerprint, type KeyPair, open, seal } from '../protocol/sign.ts';
import type { Clock } from '../runtime/clock.ts';

/** What is asked of the store about a node that comes. */
export interface AdmissionRecords {
  /** The node as last written, or `null`. */
  node(grid: string, name: string): Promise<{ readonly publicKey: string } | null>;
  /** Whose key it is, or `null`. */
  nodeOf(publicKey: string): Promise<{ readonly grid: string; readonly name: string } | null>;
  isRevoked(publicKey: string): Promise<boolean>;
  /** Uses up a join token. False: unknown, expired, or used by another node. */
  takeToken(use: {
    readonly hash: string;
    readonly grid: string;
    readonly node: string;
    readonly publicKey: string;
    readonly now: number;
  }): Promise<boolean>;
}

interface Desk {
  readonly identity: KeyPair;
  readonly records: AdmissionRecords;
  readonly clock: Clock;
}

export interface Identified {
  readonly grid: string;
  readonly node: string;
  readonly credential: Signed;
}

type Claim = AgentMessageOf<'proof'>['identity'];

/** Who a peer is that owns this key. Throws `GridError` `not-authenticated`; its hint, if there is one, is for the peer. */
export async function identify(claim: Claim, publicKey: string, desk: Desk): Promise<Identified> {
  if (await desk.records.isRevoked(publicKey)) throw refused('this node was removed');
  return claim.kind === 'join'
    ? await join(claim, publicKey, desk)
    : recognise(claim.credential, publicKey, desk.identity);
}

async function join(
  claim: Extract<Claim, { kind: 'join' }>,
  publicKey: string,
  { identity, records, clock }: Desk,
): Promise<Identified> {
  const token = parseJoinToken(claim.token);
  const { grid } = token;
  const node = claim.name;
  if (token.fingerprint !== fingerprint(identity.publicKey))
    throw refused('the join token was made by another master');
  await refuseSecondPlace({ grid, node, publicKey }, records);
  const hash = createHash('sha256').update(token.secret).digest('hex');
  if (!(await records.takeToken({ hash, grid, node, publicKey, now: clock.now() })))
    throw refused(
      'the join token is unknown, expired or used; make a new one: gridops token create',
    );
  const issuedAt = clock.now();
  const credential = seal(identity, 'credential', { grid, node, publicKey, issuedAt });
  return { grid, node, credential };
}

/** A name is one machine's, and a machine is one node of one grid: it has one set of addresses, and one place in a network. */
async function refuseSecondPlace(
  {
    grid,
    node,
    publicKey,
  }: { readonly grid: string; readonly node: string; readonly publicKey: string },
  records: AdmissionRecords,
): Promise<void> {
  const known = await records.node(grid, node);
  if (known !== null && known.publicKey !== publicKey)
    throw refused(
      `grid ${grid} has a node ${node} with another key; remove it first: gridops node rm ${grid} ${node}`,
    );
  const place = await records.nodeOf(publicKey);
  if (place === null || (place.grid === grid && place.name === node)) return;
  throw refused(
    `node ${place.name} of grid ${place.grid} wants to join grid ${grid} as ${node}, too`,
    `leave grid ${place.grid} first: drain, gridops node rm ${place.grid} ${place.name}, empty the agent's directory, join`,
  );
}

function recognise(credential: Signed, publicKey: string, identity: KeyPair): Identified {
  const payload = open(identity.publicKey, 'credential', credential);
  if (payload === null) throw refused("the node's credential was not made by this master");
  const claim = decodeCredential(payload);
  if (claim.publicKey !== publicKey) throw refused("the node's credential is for another key");
  return { grid: claim.grid, node: claim.node, credential };
}

/** `hint` reaches the peer: nothing that a stranger must not know. */
export function refused(message: string, hint?: string): GridError {
  return new GridError({
    code: 'not-authenticated',
    message,
    ...(hint === undefined ? {} : { hint }),
  });
}
