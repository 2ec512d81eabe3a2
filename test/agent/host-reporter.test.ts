import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { HostReporter } from '../../src/agent/host-reporter.ts';
import type { HostReport, TakenPort } from '../../src/model/host-report.ts';
import type { AgentMessage } from '../../src/protocol/agent.ts';
import { decodeAgentMessage, encode } from '../../src/protocol/codec.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from './hand-clock.ts';

const taken: TakenPort = { address: '0.0.0.0', port: 80, protocol: 'tcp', container: 'nginx' };

let clock: HandClock;
let report: HostReport;
let look: () => Promise<HostReport>;
let reporter: HostReporter;
let sent: AgentMessage[];

beforeEach(() => {
  clock = new HandClock();
  report = { ports: [taken], volumes: ['shop-data'] };
  look = () => Promise.resolve(report);
  sent = [];
  reporter = new HostReporter({ look: async () => await look(), clock, log: silentLog });
});

afterEach(async () => {
  await reporter.stop();
});

async function open(): Promise<void> {
  void reporter.open((message) => sent.push(message));
  await clock.settle();
}

describe('the host is reported', () => {
  it('when a session opens, before that is over', async () => {
    await reporter.open((message) => sent.push(message));
    expect(sent).toEqual([{ type: 'host', report }]);
  });

  it('when it has changed, within half a minute, and not again while it stays the same', async () => {
    await open();
    await clock.turn(95_000);
    expect(sent.length).toBe(1);
    report = { ...report, volumes: [] };
    await clock.turn(30_000);
    expect(sent.slice(1)).toEqual([{ type: 'host', report }]);
  });

  it('in each session anew', async () => {
    await open();
    reporter.close();
    await open();
    expect(sent.length).toBe(2);
  });

  it('to nobody without a session', async () => {
    await open();
    reporter.close();
    report = { ...report, volumes: [] };
    await clock.turn(100_000);
    expect(sent.length).toBe(1);
  });

  it('half a minute after the look at it failed', async () => {
    look = () => Promise.reject(new Error('Docker does not answer'));
    await open();
    expect(sent).toEqual([]);
    look = () => Promise.resolve(report);
    await clock.turn(30_000);
    expect(sent.length).toBe(1);
  });

  it('as soon as it can be, while nobody waits for an engine that hangs', async () => {
    let answer = (_report: HostReport): void => undefined;
    look = () =>
      new Promise((resolve) => {
        answer = resolve;
      });
    let over = false;
    const opening = reporter.open((message) => sent.push(message));
    void opening.finally(() => {
      over = true;
    });
    await clock.turn(1_900);
    expect(over).toBe(false);
    await clock.turn(200);
    expect(over).toBe(true);
    answer(report);
    await clock.settle();
    expect(sent.length).toBe(1);
  });

  it('within the bounds that the master takes', async () => {
    const ports = Array.from({ length: 20_000 }, () => ({ ...taken, container: 'c'.repeat(999) }));
    const volumes = ['v'.repeat(256), ...Array.from({ length: 20_000 }, (_, at) => `v${at}`)];
    const images = ['i'.repeat(256), ...volumes].map((name) => ({ name, bytes: 1 }));
    report = { ports, volumes, images };
    await open();
    const [message] = sent;
    if (message?.type !== 'host') throw new Error('nothing was sent');
    expect(decodeAgentMessage(encode(message))).toEqual(message);
    expect(message.report.volumes[0]).toBe('v0');
  });
});
