import dnsPacket from 'dns-packet';
import { afterEach, describe, expect, it } from 'vitest';
import { Upstream } from '../../src/discovery/upstream.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { type NameServer, type Reaction, reply, startNameServer, testPort } from './name-server.ts';

const servers: NameServer[] = [];

afterEach(async () => {
  for (const started of servers.splice(0)) await started.close();
});

async function server(address: string, react: Reaction): Promise<NameServer> {
  const started = await startNameServer(address, react);
  servers.push(started);
  return started;
}

const right: Reaction = (query) => [reply(query, { data: '192.0.2.1' })];
const silent: Reaction = () => [];
const first = '127.78.0.1';
const second = '127.78.0.2';

const query = dnsPacket.encode({
  type: 'query',
  id: 4711,
  questions: [{ type: 'A', name: 'Example.com' }],
});

function anUpstream(clock = systemClock) {
  const upstream = new Upstream({ clock, log: silentLog, port: testPort });
  return async (addresses: readonly string[], transport: 'udp' | 'tcp' = 'udp') => {
    const { signal } = new AbortController();
    const answer = await upstream.ask(query, addresses, { transport, signal });
    return answer === null ? null : dnsPacket.decode(answer);
  };
}

describe('a query that is passed on', () => {
  it.each(['udp', 'tcp'] as const)('by %s comes back with its own number', async (transport) => {
    const numbers: (number | undefined)[] = [];
    await server(first, (asked) => {
      numbers.push(asked.id);
      return right(asked, transport);
    });
    const ask = anUpstream();
    for (let turn = 0; turn < 3; turn += 1)
      expect(await ask([first], transport)).toMatchObject({
        id: 4711,
        answers: [{ data: '192.0.2.1' }],
      });
    // Numbers of its own, that nobody can guess.
    expect(new Set([...numbers, 4711]).size).toBeGreaterThan(2);
  });

  it('believes only the answer with the number and the question of the query', async () => {
    await server(first, (asked) => [
      reply(asked, { data: '6.6.6.6', id: ((asked.id ?? 0) + 1) % 65_536 }),
      reply(asked, { data: '6.6.6.6', questions: [{ type: 'A', name: 'example.org' }] }),
      reply(asked, { data: '6.6.6.6', questions: [{ type: 'AAAA', name: 'example.com' }] }),
      reply(asked, { data: '6.6.6.6', type: 'query' }),
      Buffer.from('garbage'),
      Buffer.alloc(0),
      reply(asked, { data: '192.0.2.1', questions: [{ type: 'A', name: 'EXAMPLE.COM' }] }),
    ]);
    expect(await anUpstream()([first])).toMatchObject({ answers: [{ data: '192.0.2.1' }] });
  });

  it.each([
    ['is not there', null],
    ['fails', (asked) => [reply(asked, { code: 2 })]],
    ['refuses', (asked) => [reply(asked, { code: 5 })]],
    ['refuses without saying what', (asked) => [reply(asked, { code: 5, questions: [] })]],
  ] satisfies [string, Reaction | null][])(
    'goes to the next server where one %s',
    async (_, react) => {
      if (react !== null) await server(first, react);
      await server(second, right);
      expect(await anUpstream(new HandClock())([first, second])).toMatchObject({
        answers: [{ data: '192.0.2.1' }],
      });
    },
  );

  it('goes to the next one when the first is slow, and takes whichever answers first', async () => {
    const slow = await server(first, silent);
    const quick = await server(second, right);
    const clock = new HandClock();
    const ask = anUpstream(clock);
    const asking = ask([first, second]);
    await expect.poll(() => slow.queries.length).toBe(1);
    expect(quick.queries).toHaveLength(0);
    await clock.turn(400);
    expect(await asking).toMatchObject({ answers: [{ data: '192.0.2.1' }] });
  });

  it('that no server answers ends after two seconds', async () => {
    const dead = await server(first, silent);
    const clock = new HandClock();
    const asking = anUpstream(clock)([first]);
    await expect.poll(() => dead.queries.length).toBe(1);
    await clock.turn(2_000);
    expect(await asking).toBeNull();
  });

  it('asks one that did not answer last, for a while', async () => {
    const dead = await server(first, silent);
    const alive = await server(second, right);
    const clock = new HandClock();
    const ask = anUpstream(clock);
    const failing = ask([first]);
    await expect.poll(() => dead.queries.length).toBe(1);
    await clock.turn(2_000);
    await failing;
    await ask([first, second]);
    expect([dead.queries.length, alive.queries.length]).toEqual([1, 1]);
    await clock.turn(30_000);
    const again = ask([first, second]);
    await expect.poll(() => dead.queries.length).toBe(2);
    await clock.turn(400);
    expect(await again).not.toBeNull();
  });

  it('fails at once where there is nobody to ask', async () => {
    const ask = anUpstream(new HandClock());
    expect(await ask([])).toBeNull();
    // Nothing listens there.
    expect(await ask([first, second])).toBeNull();
    expect(await ask([first, second], 'tcp')).toBeNull();
  });

  it('ends when nobody waits for it any more', async () => {
    const dead = await server(first, silent);
    const gone = new AbortController();
    const upstream = new Upstream({ clock: new HandClock(), log: silentLog, port: testPort });
    const asking = upstream.ask(query, [first], { transport: 'tcp', signal: gone.signal });
    await expect.poll(() => dead.queries.length).toBe(1);
    gone.abort(new Error('gone'));
    expect(await asking).toBeNull();
  });
});
