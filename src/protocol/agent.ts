import Type from 'typebox';
import { MAX_INSTANCES } from './assignment-shape.ts';
import { DiskSpace } from './engine-shape.ts';
import { HostReport } from './host-shape.ts';
import { NetworkReport } from './network-shape.ts';
import { NodeFacts } from './node-shape.ts';
import { ObservedInstance } from './observed-shape.ts';
import { Name } from './schema-parts.ts';
import { Answer, Question } from './volume-shape.ts';

/**
 * Every message between master and agent. One JSON object a websocket text frame, `type` tells which.
 *
 *   agent ── hello ─────────▶ master     who I am, what I speak, a nonce
 *   agent ◀─ challenge ────── master     master's nonce, its public key, its signature over both nonces
 *   agent ── proof ─────────▶ master     node's signature over both nonces; its credential, or once a join token
 *   agent ◀─ welcome ──────── master     session open; the credential when it was a join
 *   agent ── recalled ──────▶ master     the assignment that it goes by, when it was asked for
 *   agent ── recalled-network ▶ master   the network map that it goes by, when it was asked for
 *   agent ── observation ───▶ master     complete first, increments after it, chained by `sequence`
 *   agent ◀─ assignment ───── master     signed, complete, numbered by generation; secret values beside it, sealed
 *   agent ◀─ network ────── master     the network map of the grid, signed; whenever it has changed
 *   agent ── refusal ───────▶ master     an assignment that was not taken, and why
 *   agent ◀─ resync ───────── master     send a complete observation (a sequence number was missed, or a recall)
 *   agent ── event ─────────▶ master     one line of history; may be dropped
 *   agent ── network-report ▶ master     how it reaches its peers, and what is in the way; capability `network-report`
 *   agent ── host ──────────▶ master     what else is on its host; capability `host`
 *   agent ── engine ────────▶ master     whether the Docker engine answers, and its disk; capability `engine`
 *   agent ◀─ question ────── master     what a person asks of the node, signed for this session; capability `questions`
 *   agent ── answer ────────▶ master     to the question of that number
 *
 * Unknown types are refused, unknown fields tolerated. The agent must check the master's signature against its pinned key
 * (or, when joining, the fingerprint inside the join token) before it sends `proof`: the token must not reach an impostor.
 */
export const PROTOCOL = { min: 1, max: 1 } as const;

/** Frames above this are refused by either side before they are parsed. */
export const MAX_FRAME_BYTES = 16 * 1024 * 1024;

/** Websocket close codes with a meaning of ours. `retry: false`: a person must act, reconnecting cannot help. */
export const CLOSE = {
  protocolViolation: { code: 4000, retry: true, reason: 'protocol violation' },
  notAuthenticated: { code: 4001, retry: false, reason: 'not authenticated' },
  incompatible: { code: 4010, retry: true, reason: 'no common protocol version' },
  timeout: { code: 4030, retry: true, reason: 'no sign of life' },
  replaced: { code: 4041, retry: true, reason: 'replaced by a newer session of this node' },
  shutdown: { code: 4050, retry: true, reason: 'shutting down' },
} as const;

/** What a peer may be sent that an older one would refuse. */
export const CAPABILITY = {
  networkReport: 'network-report',
  host: 'host',
  engine: 'engine',
  questions: 'questions',
} as const;

const text = (maxLength: number) => Type.String({ maxLength });
const Nonce = Type.String({ minLength: 32, maxLength: 128 });
/** Ed25519 public keys (SPKI, DER) and signatures, base64. */
const Base64 = text(512);
const count = Type.Integer({ minimum: 0 });
const Capabilities = Type.Array(text(64), { maxItems: 100 });

/** `payload` is the exact text that is signed; parse it only after the signature was verified. */
export const Signed = Type.Object({ payload: text(MAX_FRAME_BYTES), signature: Base64 });

const Hello = Type.Object({
  type: Type.Literal('hello'),
  protocol: Type.Object({ min: count, max: count }),
  agentVersion: text(64),
  capabilities: Capabilities,
  nonce: Nonce,
  publicKey: Base64,
});

const Challenge = Type.Object({
  type: Type.Literal('challenge'),
  protocol: count,
  masterVersion: text(64),
  capabilities: Capabilities,
  nonce: Nonce,
  publicKey: Base64,
  signature: Base64,
});

const Proof = Type.Object({
  type: Type.Literal('proof'),
  signature: Base64,
  identity: Type.Union([
    Type.Object({ kind: Type.Literal('credential'), credential: Signed }),
    Type.Object({ kind: Type.Literal('join'), token: text(512), name: Name }),
  ]),
  facts: NodeFacts,
  /** The generation of the assignment that the node goes by; 0 before the first. */
  generation: count,
  /** The version of the network map that the node goes by; 0, or absent, without one. */
  networkVersion: Type.Optional(count),
  /** The agent's clock, milliseconds since the epoch. */
  clock: Type.Number(),
  /** An age recipient: what secret values are sealed for while this session lasts. The signature is over it, too. */
  recipient: Type.Optional(text(100)),
});

/**
 * This master does not know the assignment that the node goes by (its store was lost or restored): the node must say it before
 * its next complete observation. Nodes are the master's memory; what comes back is trusted by the master's own signature.
 */
const Recall = Type.Boolean();

const Welcome = Type.Object({
  type: Type.Literal('welcome'),
  grid: Name,
  node: Name,
  credential: Signed,
  heartbeatSeconds: Type.Number({ minimum: 1, maximum: 300 }),
  recall: Recall,
  /** The same of the network map. */
  recallNetwork: Type.Optional(Recall),
});

const AssignmentMessage = Type.Object({
  type: Type.Literal('assignment'),
  generation: count,
  signed: Signed,
  /** A signed `SecretsParcel`. Absent: the assignment has no secrets. */
  secrets: Type.Optional(Signed),
});

const Resync = Type.Object({ type: Type.Literal('resync'), recall: Recall });

/** The last assignment as it was received. By itself: what came in one frame goes back in one, whatever else is to be told. */
const Recalled = Type.Object({ type: Type.Literal('recalled'), signed: Signed });

/** `signed` is a `NetworkMap`: one text for all nodes of the grid. */
const Network = Type.Object({ type: Type.Literal('network'), signed: Signed });
const RecalledNetwork = Type.Object({ type: Type.Literal('recalled-network'), signed: Signed });

const Observation = Type.Object({
  type: Type.Literal('observation'),
  /** 1 for the first of a session; each next one is one more, else the master asks for a resync. */
  sequence: Type.Integer({ minimum: 1 }),
  /** Complete: instances that are not listed do not exist. Else only what changed and what is gone. */
  complete: Type.Boolean(),
  generation: count,
  instances: Type.Array(ObservedInstance, { maxItems: MAX_INSTANCES }),
  /** Instance paths (`stack/service-N`). */
  gone: Type.Array(text(600), { maxItems: 10_000 }),
});

const Refusal = Type.Object({
  type: Type.Literal('refusal'),
  generation: count,
  code: text(64),
  message: text(4_096),
});

const NodeEvent = Type.Object({
  type: Type.Literal('event'),
  at: Type.Number(),
  severity: Type.Union([Type.Literal('info'), Type.Literal('warning'), Type.Literal('error')]),
  /** kebab-case, for example `instance-crashed`. */
  kind: text(64),
  /** Instance path, or empty for the node itself. */
  path: text(600),
  message: text(4_096),
});

const NetworkReportMessage = Type.Object({
  type: Type.Literal('network-report'),
  report: NetworkReport,
});

/** Before the first observation of a session, and whenever it has changed: by it instances are placed. */
const HostMessage = Type.Object({ type: Type.Literal('host'), report: HostReport });
/** What an agent sees of its engine. How long, not since when: the node's clock may be another one than the master's. */
const EngineMessage = Type.Object({
  type: Type.Literal('engine'),
  state: Type.Union([Type.Literal('ok'), Type.Literal('silent')]),
  /** Milliseconds. */
  lasting: Type.Number({ minimum: 0 }),
  reason: Type.Union([text(1_000), Type.Null()]),
  disk: Type.Union([DiskSpace, Type.Null()]),
});

const QuestionMessage = Type.Object({
  type: Type.Literal('question'),
  number: count,
  /** A signed `AskedQuestion`. */
  signed: Signed,
});

const AnswerMessage = Type.Object({ type: Type.Literal('answer'), number: count, answer: Answer });

export const AgentMessage = Type.Union([
  Hello,
  Proof,
  Recalled,
  RecalledNetwork,
  Observation,
  Refusal,
  NodeEvent,
  NetworkReportMessage,
  HostMessage,
  EngineMessage,
  AnswerMessage,
]);
export const MasterMessage = Type.Union([
  Challenge,
  Welcome,
  AssignmentMessage,
  Network,
  Resync,
  QuestionMessage,
]);

export type AgentMessage = Type.Static<typeof AgentMessage>;
export type MasterMessage = Type.Static<typeof MasterMessage>;
export type Signed = Type.Static<typeof Signed>;
export type AgentMessageOf<T extends AgentMessage['type']> = Extract<AgentMessage, { type: T }>;
export type MasterMessageOf<T extends MasterMessage['type']> = Extract<MasterMessage, { type: T }>;

/** What a node's credential says; signed by the master, so that no store is needed to know a node again. */
export const Credential = Type.Object({
  grid: Name,
  node: Name,
  publicKey: Base64,
  issuedAt: Type.Number(),
});
export type Credential = Type.Static<typeof Credential>;

/** The values of an assignment's secrets, on their way to one node. */
export const SecretsParcel = Type.Object({
  grid: Name,
  node: Name,
  generation: count,
  /** age, base64: a JSON list of mark and value (secrets/parcel). */
  sealed: text(MAX_FRAME_BYTES),
});
export type SecretsParcel = Type.Static<typeof SecretsParcel>;

/** `nonce` is the one that the agent opened the session with: a question is good for no other. */
export const AskedQuestion = Type.Object({
  grid: Name,
  node: Name,
  number: count,
  nonce: Nonce,
  question: Question,
});
export type AskedQuestion = Type.Static<typeof AskedQuestion>;
