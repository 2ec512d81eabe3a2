import Type from 'typebox';
import type { Decoded } from './api.ts';
import { count, list, Position, Time, text } from './api-parts.ts';
import { nullable } from './schema-parts.ts';

const change = Type.Enum(['added', 'changed', 'removed']);

/** `bad`: it should not be merged like that; `care`: read it first; `calm`: nothing would be done. */
const Verdict = Type.Object({ tone: Type.Enum(['bad', 'care', 'good', 'calm']), text });

const Value = Type.Object({
  key: text,
  before: nullable(text),
  after: Type.Union([text, Type.Null()], {
    description: 'The same text as before: it differs in what is not shown.',
  }),
});

const Step = Type.Object({
  kind: Type.Enum(['create', 'replace', 'remove']),
  path: text,
  node: nullable(text),
  wave: nullable(count),
  reason: text,
  danger: nullable(Type.String({ description: 'What is lost by it.' })),
  downtime: nullable(Type.String({ description: 'Why the old one stops first.' })),
  isDueAnyway: Type.Boolean({ description: 'Whether the request is merged or not.' }),
});

const Block = Type.Object({
  paths: list(text),
  instances: count,
  reason: text,
  isDueAnyway: Type.Boolean(),
  excluded: list(Type.Object({ filter: text, reason: text, nodes: list(text), count })),
});

const Plan = Type.Object({
  hash: text,
  wanted: count,
  steps: list(Step),
  blocked: list(Block),
  halted: list(Type.Object({ path: text, node: text, why: text })),
  waiting: list(Type.Object({ path: text, why: text })),
  warnings: list(text),
  confirmation: nullable(text),
});

const Problem = Type.Object({
  severity: Type.Enum(['error', 'warning']),
  code: text,
  message: text,
  position: Position,
  hint: Type.Optional(text),
  stack: Type.Optional(text),
  help: text,
});

const counts = Type.Object(
  {
    errors: count,
    warnings: count,
    create: count,
    replace: count,
    remove: count,
    destructive: count,
    losingData: count,
    downtime: count,
    blocked: count,
    blockedAnyway: count,
    halted: count,
    waiting: count,
    changes: count,
    pulls: count,
  },
  { description: 'How many there are, whatever the lists still have of them.' },
);

const GridPreview = Type.Object({
  grid: text,
  verdict: Verdict,
  problems: list(Problem),
  plan: nullable(Plan),
  settings: list(Value),
  changes: list(Type.Object({ path: text, kind: change, values: list(Value), count })),
  secrets: list(
    Type.Object({ name: text, kind: Type.Enum(['secret', 'certificate', 'random']), change }),
  ),
  pulls: list(Type.Object({ image: text, nodes: list(text), bytes: nullable(Type.Number()) })),
  closed: nullable(text),
  signature: Type.Optional(
    Type.Object({ isGood: Type.Boolean(), text }, { description: 'Where signatures are wanted.' }),
  ),
  counts,
});

export const PreviewSummary = Type.Object({
  id: text,
  repository: text,
  request: Type.Object({
    number: count,
    title: text,
    url: text,
    author: text,
    isDraft: Type.Boolean(),
  }),
  head: text,
  base: text,
  branch: text,
  at: Time,
  verdict: Verdict,
});

/** What a pull request would do, as it was planned then. That never changes; what has come after it is said beside it. */
export const Preview = Type.Object({
  ...PreviewSummary.properties,
  outdated: Type.Union([text, Type.Null()], {
    description: 'Why it does not hold any more, while another one is being made.',
  }),
  newer: Type.Union([text, Type.Null()], {
    description: 'The newest one of the same request, where it is another.',
  }),
  outcome: Type.Union([
    Type.Object({ kind: Type.Literal('planned'), grids: list(GridPreview) }),
    Type.Object({ kind: Type.Literal('conflict'), files: list(text) }),
    Type.Object({ kind: Type.Literal('fork') }),
    Type.Object({ kind: Type.Literal('failed'), message: text, hint: nullable(text) }),
  ]),
});

/** The newest of each open request that is about a grid, newest first. */
export const PreviewList = Type.Object({ previews: list(PreviewSummary) });

export type Preview = Decoded<typeof Preview>;
export type PreviewList = Decoded<typeof PreviewList>;
export type PreviewSummary = Decoded<typeof PreviewSummary>;
