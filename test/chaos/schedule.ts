import { Chance } from './chance.ts';
import { Deck } from './deck.ts';

/** What is done to one target at a time, and for how long in milliseconds: least and most. */
const FAULTS = {
  master: {
    'master killed (-9)': [300, 4_000],
    'master stopped': [300, 2_000],
    "master's disk full": [2_000, 6_000],
    "master's clock moved": [3_000, 8_000],
  },
  forge: {
    "forge's API answers 500": [2_000, 6_000],
    'forge carries out, then hangs up': [1_000, 3_000],
    "forge's git answers 500": [2_000, 6_000],
    "forge's git never answers": [2_000, 6_000],
    'webhooks lost': [3_000, 8_000],
  },
  host: {
    'agent killed (-9)': [300, 4_000],
    'cable pulled out': [2_000, 8_000],
    'network slow (queues on a narrow link)': [3_000, 8_000],
    'network loses packets': [3_000, 8_000],
    'engine restarted': [0, 1_000],
    'engine killed (-9)': [0, 2_000],
    'engine hangs': [2_000, 6_000],
    'power cut': [500, 3_000],
    'container removed by hand': [0, 0],
    'container stopped by hand': [0, 0],
    'container killed by hand': [0, 0],
    'container paused by hand': [0, 0],
    "agent's disk full": [2_000, 6_000],
    "agent's clock moved": [3_000, 8_000],
  },
} as const satisfies Readonly<Record<string, Readonly<Record<string, readonly [number, number]>>>>;

type Targets = typeof FAULTS;
export type FaultKind = { [T in keyof Targets]: keyof Targets[T] }[keyof Targets];

export interface PlannedFault {
  readonly kind: FaultKind;
  /** `master`, `forge`, or a host's number. */
  readonly target: 'master' | 'forge' | number;
  /** Milliseconds from the start. */
  readonly at: number;
  readonly lasts: number;
  /** In [0, 1): what else the fault leaves to chance, like which container. */
  readonly draw: number;
}

export const CHANGES = [
  'new version',
  'scaled',
  'guest comes or goes',
  'journal anew',
  'migrated',
  'broken file',
  'ill version',
] as const;

export type Change = (typeof CHANGES)[number];

export interface PlannedPush {
  readonly at: number;
  readonly change: Change;
}

export interface Schedule {
  readonly faults: readonly PlannedFault[];
  readonly pushes: readonly PlannedPush[];
}

/** Between two faults of one target: time in which it may come back, or only begin to. */
const PAUSE = [1_000, 6_000] as const;
const PUSH_PAUSE = [2_000, 9_000] as const;
/** A new version is what most pushes are. */
const PUSHES: readonly Change[] = [...CHANGES, 'new version', 'new version', 'new version'];

/** What happens in a run. Pure: the same seed, length and number of hosts give the same run. */
export function scheduleOf(of: {
  readonly seed: number;
  readonly milliseconds: number;
  readonly hosts: number;
}): Schedule {
  const chance = new Chance(of.seed);
  const deckOf = (kinds: object) => new Deck(Object.keys(kinds) as FaultKind[], chance);
  const onHosts = deckOf(FAULTS.host);
  const lanes: Lane[] = [
    { target: 'master', deck: deckOf(FAULTS.master), free: 0 },
    { target: 'forge', deck: deckOf(FAULTS.forge), free: 0 },
    ...Array.from({ length: of.hosts }, (_, at) => ({ target: at + 1, deck: onHosts, free: 0 })),
  ];
  for (const lane of lanes) lane.free = chance.between(...PAUSE);
  return { faults: faultsOf(lanes, of.milliseconds, chance), pushes: pushesOf(of, chance) };
}

/** One target, to which one thing happens at a time. */
interface Lane {
  readonly target: PlannedFault['target'];
  readonly deck: Deck<FaultKind>;
  free: number;
}

function faultsOf(lanes: readonly Lane[], milliseconds: number, chance: Chance): PlannedFault[] {
  const faults: PlannedFault[] = [];
  for (;;) {
    const [lane] = lanes.toSorted((a, b) => a.free - b.free);
    if (lane === undefined || lane.free >= milliseconds) return faults;
    const kind = lane.deck.deal();
    const at = lane.free;
    const lasts = Math.min(chance.between(...boundsOf(kind)), milliseconds - at);
    faults.push({ kind, target: lane.target, at, lasts, draw: chance.next() });
    lane.free = at + lasts + chance.between(...PAUSE);
  }
}

function boundsOf(kind: FaultKind): readonly [number, number] {
  const all: Readonly<Record<string, readonly [number, number]>> = {
    ...FAULTS.master,
    ...FAULTS.forge,
    ...FAULTS.host,
  };
  return all[kind] ?? [0, 0];
}

function pushesOf(of: { readonly milliseconds: number }, chance: Chance): PlannedPush[] {
  const deck = new Deck(PUSHES, chance);
  const pushes: PlannedPush[] = [];
  for (let at = chance.between(...PUSH_PAUSE); at < of.milliseconds; ) {
    pushes.push({ at, change: deck.deal() });
    at += chance.between(...PUSH_PAUSE);
  }
  return pushes;
}
