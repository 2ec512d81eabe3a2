import { describe, expect, it } from 'vitest';
import { Observer } from '../../src/agent/observer.ts';
import { instancePath } from '../../src/model/identity.ts';
import type { ObservedInstance } from '../../src/model/observed.ts';
import type { AgentMessageOf } from '../../src/protocol/agent.ts';
import { decodeAgentMessage, encode } from '../../src/protocol/codec.ts';
import { HandClock } from './hand-clock.ts';

function anInstance(number: number, message = ''): ObservedInstance {
  const attempt = { specHash: 'a', phase: 'starting', message, failure: null } as const;
  return { stack: 'shop', service: 'web', number, current: null, attempt };
}

function setUp() {
  const clock = new HandClock();
  const truth = new Map<string, ObservedInstance>();
  const sent: AgentMessageOf<'observation'>[] = [];
  const recalled: string[] = [];
  const network = { backlog: 0 };
  const put = (one: ObservedInstance): void => {
    truth.set(instancePath(one), one);
    observer.touch(instancePath(one));
  };
  const observer = new Observer({
    clock,
    source: {
      generation: () => 3,
      assignment: () => ({ payload: '{}', signature: 'AAAA' }),
      all: () => [...truth.values()],
      one: (path) => truth.get(path) ?? null,
      pathOf: instancePath,
    },
  });
  const open = (recall = false): void =>
    observer.open(
      {
        send: (message) => {
          if (message.type === 'observation') sent.push(message);
          else recalled.push(`${message.signed.payload} before ${sent.length + 1}`);
        },
        backlog: () => network.backlog,
      },
      { recall },
    );
  return { clock, truth, sent, recalled, network, put, observer, open };
}

describe('the observer', () => {
  it('says nothing before a session is open', async () => {
    const { clock, put, sent } = setUp();

    put(anInstance(1));
    await clock.turn(1_000);

    expect(sent).toEqual([]);
  });

  it('sends everything when a session opens, numbered from 1 each time', async () => {
    const { put, sent, recalled, open, observer } = setUp();
    put(anInstance(1));

    open();
    observer.close();
    open(true);

    expect(sent.map(({ sequence, complete }) => ({ sequence, complete }))).toEqual([
      { sequence: 1, complete: true },
      { sequence: 1, complete: true },
    ]);
    expect(recalled).toEqual(['{} before 2']);
  });

  it('puts what changes within 20 ms into one message', async () => {
    const { clock, put, sent, open } = setUp();
    open();

    put(anInstance(1));
    put(anInstance(2));
    put(anInstance(1, 'newer'));
    await clock.turn(20);

    expect(sent).toHaveLength(2);
    expect(sent[1]).toMatchObject({
      sequence: 2,
      complete: false,
      generation: 3,
      instances: [anInstance(1, 'newer'), anInstance(2)],
    });
  });

  it('sends nothing when what may have changed has not', async () => {
    const { clock, put, sent, open } = setUp();
    put(anInstance(1));
    open();

    put(anInstance(1));
    await clock.turn(1_000);

    expect(sent).toHaveLength(1);
  });

  it('names what is gone, once', async () => {
    const { clock, put, truth, sent, open, observer } = setUp();
    put(anInstance(1));
    open();

    truth.clear();
    observer.touch('shop/web-1');
    await clock.turn(20);
    observer.touch('shop/web-1');
    await clock.turn(20);

    expect(sent.slice(1)).toEqual([
      expect.objectContaining({ instances: [], gone: ['shop/web-1'] }),
    ]);
  });

  it('waits for a slow network and then sends the newest', async () => {
    const { clock, put, sent, network, open } = setUp();
    open();
    network.backlog = 10_000_000;

    for (const message of ['one', 'two', 'three']) {
      put(anInstance(1, message));
      await clock.turn(1_000);
    }
    network.backlog = 0;
    await clock.turn(1_000);

    expect(sent.slice(1).map((one) => one.instances)).toEqual([[anInstance(1, 'three')]]);
  });

  it('stays within the protocol’s bounds whatever containers print', async () => {
    const { put, sent, open } = setUp();
    const log = Array.from({ length: 40 }, () => 'x'.repeat(9_000));
    const failure = { code: 'container-exited', message: 'y'.repeat(9_000), exitCode: 1 } as const;
    for (let number = 1; number <= 300; number += 1)
      put({
        ...anInstance(number),
        attempt: {
          specHash: 'a',
          phase: 'failed',
          message: 'z'.repeat(9_000),
          failure: { ...failure, log, count: 1 },
        },
      });

    open();

    const [message] = sent;
    if (message === undefined) throw new Error('nothing was sent');
    const text = encode(message);
    expect(decodeAgentMessage(text)).toMatchObject({ type: 'observation' });
    expect(text.length).toBeLessThan(16 * 1024 * 1024);
  });
});
