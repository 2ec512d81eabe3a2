import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { NetworkReporter } from '../../src/agent/network-reporter.ts';
import type { NetworkReport, PeerReport } from '../../src/model/network-report.ts';
import type { AgentMessage } from '../../src/protocol/agent.ts';
import { decodeAgentMessage, encode } from '../../src/protocol/codec.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from './hand-clock.ts';

const peer: PeerReport = {
  node: 2,
  way: 'tunnel',
  relay: null,
  endpoint: '10.77.0.2:6783',
  roundTrip: 0.4,
  fullSize: true,
};

let clock: HandClock;
let report: NetworkReport;
let fault: Error | null;
let change: () => void;
let reporter: NetworkReporter;
let sent: AgentMessage[];

beforeEach(() => {
  clock = new HandClock();
  report = { version: 1, peers: [peer], findings: [] };
  fault = null;
  sent = [];
  const observer = {
    report: async () => {
      if (fault !== null) throw fault;
      return report;
    },
    onChange: (listener: () => void) => {
      change = listener;
      return () => undefined;
    },
    stop: () => undefined,
  };
  reporter = new NetworkReporter({ observer, clock, log: silentLog });
});

afterEach(async () => {
  await reporter.stop();
});

async function open(): Promise<void> {
  reporter.open((message) => sent.push(message));
  await clock.settle();
}

describe('the network is reported', () => {
  it('when a session opens, and once a minute', async () => {
    await open();
    expect(sent).toEqual([{ type: 'network-report', report }]);
    await clock.turn(59_000);
    expect(sent.length).toBe(1);
    await clock.turn(121_000);
    expect(sent.length).toBe(4);
  });

  it('when a way has changed, at once; not for a round trip or an endpoint', async () => {
    await open();
    await clock.turn(5_000);
    report = { ...report, peers: [{ ...peer, roundTrip: 9, endpoint: 'other' }] };
    change();
    await clock.turn(3_000);
    expect(sent.length).toBe(1);
    report = { ...report, peers: [{ ...peer, way: 'none' }] };
    change();
    await clock.settle();
    expect(sent.length).toBe(2);
  });

  it('every two seconds at most, however often something changes', async () => {
    await open();
    for (let round = 0; round < 100; round += 1) {
      report = { ...report, version: round + 2 };
      change();
      await clock.turn(100);
    }
    expect(sent.length).toBeLessThanOrEqual(6);
    await clock.turn(2_000);
    expect(sent.at(-1)).toMatchObject({ report: { version: 101 } });
  });

  it('as soon as ever when the clock was put back: that is what there is to tell', async () => {
    await open();
    clock.set(clock.now() - 3_600_000);
    report = { ...report, version: 2 };
    change();
    await clock.turn(3_000);
    expect(sent.at(-1)).toMatchObject({ report: { version: 2 } });
  });

  it('to nobody without a session', async () => {
    change();
    await clock.turn(100_000);
    await open();
    reporter.close();
    change();
    await clock.turn(100_000);
    expect(sent.length).toBe(1);
  });

  it('again a minute after the look at it failed', async () => {
    fault = new Error('ip does not answer');
    await open();
    expect(sent).toEqual([]);
    fault = null;
    await clock.turn(60_000);
    expect(sent.length).toBe(1);
  });

  it('within the bounds that the master takes', async () => {
    const long = {
      severity: 'error',
      code: 'x',
      message: 'm'.repeat(5_000),
      hint: 'h'.repeat(5_000),
    } as const;
    report = {
      version: 1,
      peers: [{ ...peer, roundTrip: -0.1 }],
      findings: Array.from({ length: 200 }, () => long),
    };
    await open();
    const [message] = sent;
    if (message === undefined) throw new Error('nothing was sent');
    expect(decodeAgentMessage(encode(message))).toMatchObject({
      report: { peers: [{ roundTrip: 0 }] },
    });
  });
});
