import { beforeEach, describe, expect, it } from 'vitest';
import { EventOutbox } from '../../src/agent/event-outbox.ts';
import type { AgentMessageOf } from '../../src/protocol/agent.ts';

type Event = AgentMessageOf<'event'>;

let outbox: EventOutbox;
let sent: Event[];

beforeEach(() => {
  outbox = new EventOutbox();
  sent = [];
});

const event = (at: number): Event => {
  const what = {
    severity: 'info',
    kind: 'instance-crashed',
    path: '',
    message: `at ${at}`,
  } as const;
  return { type: 'event', at, ...what };
};

const open = () => outbox.open((one) => sent.push(one));

describe('events of an agent', () => {
  it('go out at once while there is a session', () => {
    open();
    outbox.add(event(1));
    expect(sent).toEqual([event(1)]);
  });

  it('wait for the next one, keep their times and go once', () => {
    outbox.add(event(1));
    open();
    outbox.close();
    outbox.add(event(2));
    outbox.add(event(3));
    open();
    outbox.add(event(4));
    expect(sent).toEqual([event(1), event(2), event(3), event(4)]);
  });

  it('of which there are too many give way to newer ones, and are counted', () => {
    for (let at = 1; at <= 503; at += 1) outbox.add(event(at));
    open();
    expect(sent.length).toBe(501);
    expect(sent[0]).toMatchObject({ kind: 'events-dropped', at: 4 });
    expect(sent[0]?.message).toMatch(/^3 older events/);
    expect(sent.slice(1)).toEqual(Array.from({ length: 500 }, (_, index) => event(index + 4)));

    outbox.close();
    outbox.add(event(600));
    open();
    expect(sent.slice(501)).toEqual([event(600)]);
  });
});
