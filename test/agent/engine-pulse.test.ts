import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/agent/agent-event.ts';
import { EnginePulse } from '../../src/agent/engine-pulse.ts';
import type { DiskSpace } from '../../src/model/engine-condition.ts';
import type { AgentMessage } from '../../src/protocol/agent.ts';
import { decodeAgentMessage, encode } from '../../src/protocol/codec.ts';
import { NOW } from '../support/builders.ts';
import { HandClock } from './hand-clock.ts';

const GIB = 1024 ** 3;

let clock: HandClock;
let answer: () => Promise<void>;
let disk: DiskSpace | null;
let events: Omit<AgentEvent, 'path'>[];
let sent: AgentMessage[];
let backs: number;
let lows: number;
let pulse: EnginePulse;

const answers = (): Promise<void> => Promise.resolve();
const refuses = (): Promise<void> => Promise.reject(new Error('connect ENOENT'));
/** As long as an engine hangs: each question is given up after ten seconds. */
const hangs = async (): Promise<void> => {
  await clock.sleep(10_000);
  throw new Error('no answer within 10 s');
};

beforeEach(async () => {
  clock = new HandClock();
  answer = answers;
  disk = null;
  events = [];
  sent = [];
  backs = 0;
  lows = 0;
  pulse = new EnginePulse({
    engine: { ping: async () => await answer(), disk: async () => disk },
    clock,
    onEvent: (event) => events.push(event),
    onBack: () => {
      backs += 1;
    },
    onLow: () => {
      lows += 1;
    },
  });
  pulse.start();
  pulse.open((message) => sent.push(message));
  await clock.settle();
});

afterEach(() => {
  pulse.stop();
});

const kinds = () => events.map((event) => event.kind);

describe('a Docker engine', () => {
  it('that answers is told of once for each session', async () => {
    await clock.turn(120_000);
    const message = { type: 'engine', state: 'ok', lasting: 0, reason: null, disk: null };
    expect(sent).toEqual([message]);
    expect(decodeAgentMessage(encode(sent[0] as AgentMessage))).toEqual(message);

    pulse.close();
    pulse.open((one) => sent.push(one));

    expect(sent.slice(1)).toEqual([{ ...message, lasting: 120_000 }]);
    expect(events).toEqual([]);
  });

  it.each([
    ['that is down', refuses, 'connect ENOENT'],
    ['that hangs', hangs, 'no answer within 10 s'],
  ])(
    '%s is silent since its last answer, with the reason, until it answers again',
    async (_, fails, reason) => {
      answer = fails;
      await clock.turn(40_000);

      expect(pulse.condition).toEqual({ state: 'silent', since: NOW, reason, disk: null });
      expect(sent.slice(1)).toMatchObject([{ state: 'silent', reason }]);
      expect(events).toMatchObject([{ severity: 'error', kind: 'engine-silent' }]);
      expect(events[0]?.message).toContain(reason);

      answer = answers;
      await clock.turn(20_000);

      expect(pulse.condition.state).toBe('ok');
      expect(sent.slice(2)).toMatchObject([{ state: 'ok', lasting: 0, reason: null }]);
      expect(kinds()).toEqual(['engine-silent', 'engine-back']);
      expect(backs).toBe(1);
    },
  );

  it('that is restarted is no news', async () => {
    answer = refuses;
    await clock.turn(12_000);
    answer = answers;
    await clock.turn(60_000);

    expect(events).toEqual([]);
    expect(sent.length).toBe(1);
  });

  it('is asked twice before it is called silent, also where the clock was set forward', async () => {
    answer = async () => {
      await clock.sleep(3_600_000);
      answer = answers;
      throw new Error('no answer');
    };
    await clock.turn(3_700_000);

    expect(events).toEqual([]);
  });

  it('that is silent is told of with how long, whenever a session opens', async () => {
    answer = refuses;
    await clock.turn(60_000);
    pulse.close();
    pulse.open((message) => sent.push(message));

    expect(sent.at(-1)).toMatchObject({ state: 'silent', lasting: 60_000 });
  });
});

describe('the disk of the engine', () => {
  it('is told of when it was looked at, and when it has changed by more than a little', async () => {
    disk = { free: 60 * GIB, total: 100 * GIB };
    await clock.turn(30_000);
    expect(sent.slice(1)).toMatchObject([{ disk }]);

    disk = { free: 59 * GIB, total: 100 * GIB };
    await clock.turn(60_000);
    expect(sent.length).toBe(2);

    disk = { free: 50 * GIB, total: 100 * GIB };
    await clock.turn(60_000);
    expect(sent.slice(2)).toMatchObject([{ disk }]);
    expect(events).toEqual([]);
  });

  it.each([
    ['a tenth of a small one', 20, 1.9],
    ['ten gibibytes of a large one', 4_000, 9.9],
  ])('warns at %s, once until there is room again', async (_, total, free) => {
    disk = { free: free * GIB, total: total * GIB };
    await clock.turn(300_000);
    expect(events).toMatchObject([{ severity: 'warning', kind: 'disk-low' }]);
    expect(lows).toBeGreaterThan(1);
    expect(events[0]?.message).toContain(`${free.toFixed(1)} of ${total.toFixed(1)} GiB free`);

    disk = { free: free * 1.2 * GIB, total: total * GIB };
    await clock.turn(60_000);
    disk = { free: free * GIB, total: total * GIB };
    await clock.turn(60_000);
    expect(kinds()).toEqual(['disk-low']);

    disk = { free: free * 2 * GIB, total: total * GIB };
    await clock.turn(60_000);
    expect(kinds()).toEqual(['disk-low', 'disk-enough']);
  });
});
