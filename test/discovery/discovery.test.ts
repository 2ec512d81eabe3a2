import { createServer as createHttpServer, request } from 'node:http';
import { createServer } from 'node:net';
import { afterEach, describe, expect, it } from 'vitest';
import type { Discovery } from '../../src/discovery/discovery.ts';
import { resolve } from '../../src/discovery/resolve.ts';
import type { ServiceChange } from '../../src/discovery/service-watch.ts';
import { HandClock } from '../agent/hand-clock.ts';
import { TestGrid } from './grid.ts';
import { testPort } from './name-server.ts';
import { aRecord } from './records.ts';

const net = 79;
const name = 'web.shop.demo.kontena.local';
let grid: TestGrid = new TestGrid({ net });
const ends: (() => Promise<void>)[] = [];

afterEach(async () => {
  await grid.stop();
  for (const end of ends.splice(0)) await end();
});

function withClock(): HandClock {
  const clock = new HandClock();
  grid = new TestGrid({ net, clock });
  return clock;
}

function web(node: number, number: number, own = {}) {
  const address = grid.address(node, number);
  const container = `${node}${number}`.padStart(12, 'a');
  return aRecord(`shop/web-${number}`, { address, container, ...own });
}

/** What a node answers with, and why. */
function seen(discovery: Discovery): readonly string[] {
  const resolved = resolve(discovery.zone, name, null);
  if (resolved === null) return ['unknown'];
  const answers = resolved.answers.map(({ record }) => `web-${record.number}`);
  return [resolved.because, ...answers.toSorted()];
}

/** Turns the clock in small steps, and lets sockets have their time in between. */
async function turnUntil(clock: HandClock, most: number, isThere: () => boolean): Promise<number> {
  for (let turned = 0; turned <= most; turned += 100) {
    for (let look = 0; look < 5; look += 1) {
      if (isThere()) return turned;
      await clock.settle();
    }
    await clock.turn(100);
  }
  throw new Error(`not within ${most} ms`);
}

/** Takes connections and says nothing: what a host without power looks like from the outside, once connected. */
async function blackHole(node: number): Promise<() => Promise<void>> {
  const server = createServer((socket) => socket.on('error', () => socket.destroy()).resume());
  const sockets = new Set<{ destroy(): void }>();
  server.on('connection', (socket) => sockets.add(socket));
  await new Promise<void>((done) => server.listen(testPort + 1, grid.nodeAddress(node), done));
  const close = async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((done) => server.close(done));
  };
  ends.push(close);
  return close;
}

/** One node asks another one, as its poll would. */
function knock(from: number, to: number): Promise<void> {
  const options = { host: grid.nodeAddress(to), port: testPort + 1, path: '/zone' };
  return new Promise((done) => {
    const asking = request({ ...options, localAddress: grid.nodeAddress(from) }, (response) =>
      response.resume().on('end', done),
    );
    asking.on('error', () => done());
    asking.end();
  });
}

describe('nodes of a grid', () => {
  it('know each other by name within moments, and forget a container at once', async () => {
    grid = new TestGrid({ net });
    const [one, two, three] = [1, 2, 3].map((node) => grid.start(node, [1, 2, 3]));
    if (one === undefined || two === undefined || three === undefined) throw new Error('no nodes');
    one.publish([web(1, 1)], []);
    two.publish([web(2, 2)], []);
    three.publish([], []);
    await expect
      .poll(() => [seen(one), seen(two), seen(three)])
      .toEqual([1, 2, 3].map(() => ['ready', 'web-1', 'web-2']));
    const before = performance.now();
    const version = two.publish([], []);
    expect(await two.settled(version, { limit: 5_000 })).toBe(true);
    expect(performance.now() - before).toBeLessThan(1_000);
    // Whoever has settled has applied: no look may find it any more.
    expect([seen(one), seen(three)]).toEqual([
      ['ready', 'web-1'],
      ['ready', 'web-1'],
    ]);
    await expect
      .poll(() => one.hears())
      .toEqual(
        new Map([
          [1, [2, 3]],
          [2, [1, 3]],
          [3, [1, 2]],
        ]),
      );
  });

  it('say what they know only once they know it', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    const two = grid.start(2, [1, 2]);
    one.publish([], []);
    await turnUntil(clock, 500, () => two.zone.nodes().length === 2);
    expect(one.hears().get(1)).toEqual([]);
    two.publish([web(2, 1)], []);
    await turnUntil(clock, 1_500, () => seen(one)[0] === 'ready');
  });
});

describe('a peer', () => {
  it('that is silent is withdrawn after four seconds, and its names answer where nothing else does', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2, 3]);
    const two = grid.start(2, [1, 2, 3]);
    const three = grid.start(3, [1, 2, 3]);
    one.publish([], []);
    two.publish([web(2, 2)], []);
    three.publish([web(3, 3)], []);
    await turnUntil(clock, 2_000, () => seen(one).length === 3);
    await grid.stop(2);
    await blackHole(2);
    const withdrawn = await turnUntil(clock, 6_000, () => seen(one).length === 2);
    expect(withdrawn).toBeGreaterThanOrEqual(2_800);
    expect(withdrawn).toBeLessThanOrEqual(4_200);
    expect(seen(one)).toEqual(['ready', 'web-3']);
    expect(one.hears().get(1)).toEqual([3]);
    three.publish([], []);
    await turnUntil(clock, 1_000, () => seen(one)[0] === 'stale-ready');
    expect(seen(one)).toEqual(['stale-ready', 'web-2']);
    expect(one.view().nodes).toMatchObject([
      { state: 'self' },
      { state: 'silent' },
      { state: 'heard' },
    ]);
  });

  it('that is back is heard within a second, and taken anew', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    grid.start(2, [1, 2]).publish([web(2, 2), web(2, 3)], []);
    one.publish([], []);
    await turnUntil(clock, 2_000, () => seen(one).length === 3);
    await grid.stop(2);
    const gone = await blackHole(2);
    await turnUntil(clock, 6_000, () => seen(one)[0] === 'stale-ready');
    await gone();
    grid.start(2, [1, 2]).publish([web(2, 3)], []);
    const healed = await turnUntil(clock, 3_000, () => seen(one)[0] === 'ready');
    expect(healed).toBeLessThanOrEqual(1_000);
    expect(seen(one)).toEqual(['ready', 'web-3']);
  });

  it('whose agent restarts is never withdrawn', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    grid.start(2, [1, 2]).publish([web(2, 2)], []);
    one.publish([], []);
    await turnUntil(clock, 2_000, () => seen(one)[0] === 'ready');
    await clock.turn(10);
    const changes: ServiceChange[] = [];
    one.onChange((change) => changes.push(change));
    await grid.stop(2);
    await clock.turn(500);
    const two = grid.start(2, [1, 2]);
    // It runs, but has not looked at its containers yet.
    await clock.turn(500);
    two.publish([web(2, 2)], []);
    await clock.turn(1_500);
    expect([seen(one), changes]).toEqual([['ready', 'web-2'], []]);
  });

  it('that asks all the time is heard, however slowly it answers', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    one.publish([], []);
    const epoch = '0123456789abcdef';
    const nothing = {
      epoch,
      version: 1,
      since: null,
      records: [],
      removed: [],
      hears: [],
      seen: 1,
    };
    const slow = createHttpServer((_request, response) => {
      void (async () => {
        for (let turn = 0; turn < 3; turn += 1) {
          await knock(2, 1);
          await clock.turn(200);
        }
        response.end(JSON.stringify({ grid: 'demo', node: 2, ...nothing }));
      })();
    });
    await new Promise<void>((done) => slow.listen(testPort + 1, grid.nodeAddress(2), done));
    ends.push(async () => {
      slow.closeAllConnections();
      await new Promise((done) => slow.close(done));
    });
    await turnUntil(clock, 5_000, () => one.hears().get(1)?.length === 1);
  });

  it('is believed about its own addresses only', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    one.publish([], []);
    const foreign = { address: grid.address(1, 9), container: 'bbbbbbbbbbbb' };
    grid.start(2, [1, 2]).publish([web(2, 2), web(2, 3, foreign)], []);
    await turnUntil(clock, 2_000, () => seen(one).length === 2);
    expect(seen(one)).toEqual(['ready', 'web-2']);
    one.peers([grid.peer(1), { ...grid.peer(2), pools: [0, 1] }]);
    await turnUntil(clock, 2_000, () => seen(one).length === 3);
  });

  it('that has left the grid is forgotten', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    one.publish([], []);
    grid.start(2, [1, 2]).publish([web(2, 2)], []);
    await turnUntil(clock, 2_000, () => seen(one).length === 2);
    one.peers([grid.peer(1)]);
    expect([seen(one), one.zone.nodes().length]).toEqual([['unknown'], 1]);
    // It is a stranger now: what it asks is not answered.
    await clock.turn(1_000);
    expect(one.hears()).toEqual(new Map([[1, []]]));
  });
});

describe('a version', () => {
  it('has settled when every live peer has it, and not before', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2, 3]);
    const two = grid.start(2, [1, 2, 3]);
    two.publish([], []);
    one.publish([web(1, 1)], []);
    await turnUntil(clock, 2_000, () => seen(two)[0] === 'ready');
    // Node 3 never asked: it may still have what this node said before its agent started.
    let settled: boolean | null = null;
    const waiting = one.settled(one.publish([], []), { limit: 60_000 }).then((is) => {
      settled = is;
      return undefined;
    });
    await turnUntil(clock, 1_000, () => seen(two)[0] === 'unknown');
    expect(settled).toBeNull();
    await turnUntil(clock, 6_500, () => settled !== null);
    await waiting;
    expect(settled).toBe(true);
  });

  it('that has not settled in time says so', async () => {
    const clock = withClock();
    const one = grid.start(1, [1, 2]);
    const waiting = one.settled(one.publish([], []), { limit: 300 });
    await clock.turn(400);
    expect(await waiting).toBe(false);
  });
});

describe('a load balancer', () => {
  it('is told of each service that has changed, with all of its instances', async () => {
    const clock = withClock();
    const one = grid.start(1, [1]);
    const changes: ServiceChange[] = [];
    const end = one.onChange((change) => changes.push(change));
    one.publish([web(1, 1, { port: 80 }), web(1, 2, { ready: false, draining: true })], []);
    one.publish([web(1, 1, { port: 8_080 }), web(1, 2, { draining: true })], []);
    await clock.turn(10);
    const shared = { node: 1, stale: false };
    expect(changes).toMatchObject([
      {
        stack: 'shop',
        service: 'web',
        instances: [
          { ...shared, number: 1, port: 8_080, condition: 'ready', address: grid.address(1, 1) },
          { ...shared, number: 2, port: null, condition: 'draining' },
        ],
      },
    ]);
    expect(one.service({ stack: 'shop', service: 'web' })).toEqual(changes[0]);
    end();
    one.publish([], []);
    await clock.turn(10);
    expect(changes).toHaveLength(1);
  });
});
