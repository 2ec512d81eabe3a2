import dns from 'node:dns';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { plainNetwork } from '../../src/agent/grid-network.ts';
import {
  type AgentOptions,
  type AgentPorts,
  type RunningAgent,
  startAgent,
} from '../../src/agent/main.ts';
import type { NetworkObserver } from '../../src/agent/network-observer.ts';
import { noNetworks } from '../../src/agent/plain-networks.ts';
import type { NetworkFacts } from '../../src/model/network.ts';
import type { NetworkReport } from '../../src/model/network-report.ts';
import { CLOSE } from '../../src/protocol/agent.ts';
import { encode } from '../../src/protocol/codec.ts';
import { createKeyPair, fingerprint, sessionText, sign, verify } from '../../src/protocol/sign.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { type Log, silentLog } from '../../src/runtime/log.ts';
import { aPort, onBridge } from '../support/builders.ts';
import { FakeEngine } from '../support/fake-engine.ts';
import { untilPasses } from '../support/until-passes.ts';
import { PATH, WEB, web } from './bench.ts';
import { WireMaster } from './wire-master.ts';

const aNetworkOfNothing: NetworkFacts = {
  mode: 'none',
  publicKey: null,
  port: 6783,
  publicAddress: null,
  addresses: [],
  region: null,
};

let master: WireMaster;
let directory: string;
let engine: FakeEngine;
const agents: RunningAgent[] = [];

beforeEach(async () => {
  master = await WireMaster.start();
  directory = mkdtempSync(path.join(tmpdir(), 'gridops-agent-'));
  engine = new FakeEngine({ clock: systemClock, images: { 'web:1': {}, 'web:2': {} } });
});

afterEach(async () => {
  await Promise.all(agents.splice(0).map((agent) => agent.stop()));
  await master.stop();
  rmSync(directory, { recursive: true, force: true });
});

async function start(
  overrides: Partial<AgentOptions> = {},
  otherPorts: Partial<AgentPorts> = {},
): Promise<RunningAgent> {
  const options: AgentOptions = {
    master: master.url,
    joinToken: master.token(),
    name: 'node-1',
    labels: ['ssd'],
    directory,
    dockerSocket: '/nowhere/docker.sock',
    publishAddress: '127.0.0.11',
    network: onBridge,
    log: silentLog,
    clock: systemClock,
    // Reconnects almost at once.
    random: () => 0.02,
    ...overrides,
  };
  const ports = { containers: engine, engine, probes: engine };
  const agent = await startAgent(options, { ...ports, ...otherPorts });
  agents.push(agent);
  return agent;
}

/** What `veteran` runs: ready as soon as it is asked. */
const instance = web('web:1', { waitForPort: 80 });

/** Joined, assigned and running one instance; the agent is stopped again. */
async function veteran(): Promise<void> {
  const agent = await start();
  const peer = await master.open();
  master.assign(peer, { generation: 7, instances: [instance] });
  await untilPasses(() => expect(agent.status().instances[0]?.current?.ready).toBe(true), 5_000);
  await agent.stop();
  agents.length = 0;
}

describe('joining', () => {
  it('shows the token only to the master that the token names, and proves its own key', async () => {
    await start();
    const peer = await master.peer();
    const hello = await master.challenge(peer);

    const proof = await peer.next('proof');

    expect(hello.protocol).toEqual({ min: 1, max: 1 });
    expect(proof.identity).toEqual({ kind: 'join', token: master.token(), name: 'node-1' });
    expect(proof.recipient).toMatch(/^age1/);
    const text = sessionText(peer.nonces, proof.recipient);
    expect(verify(hello.publicKey, 'session-node', text, proof.signature)).toBe(true);
    expect(proof.facts).toMatchObject({ labels: ['ssd'], publishAddress: '127.0.0.11', cpus: 4 });
    expect(proof.generation).toBe(0);
  });

  it.each([
    ['another key', () => ({ publicKey: createKeyPair().publicKey })],
    ['a signature by another key', () => ({ signature: 'AAAA' })],
    [
      'another key and its good signature',
      (nonces: { agent: string; master: string }) => {
        const keys = createKeyPair();
        const signature = sign(keys, 'session-master', sessionText(nonces));
        return { publicKey: keys.publicKey, signature };
      },
    ],
  ])('says nothing to an impostor with %s', async (_, forge) => {
    await start();
    const peer = await master.peer();
    const hello = await peer.next('hello');
    const nonces = { agent: hello.nonce, master: peer.nonces.master };
    peer.nonces = nonces;

    peer.send({
      type: 'challenge',
      protocol: 1,
      masterVersion: '0.1.0',
      capabilities: [],
      nonce: nonces.master,
      publicKey: master.keys.publicKey,
      signature: sign(master.keys, 'session-master', sessionText(nonces)),
      ...forge(nonces),
    });

    expect(await peer.closed).toBe(CLOSE.notAuthenticated.code);
    expect(peer.received).toEqual([]);
  });

  it('comes back with its credential, without the token', async () => {
    await veteran();

    await start({ joinToken: null });
    const peer = await master.peer();
    await master.challenge(peer);

    const proof = await peer.next('proof');
    expect(proof.identity.kind).toBe('credential');
    expect(proof.generation).toBe(7);
  });

  it('keeps its files to itself', async () => {
    await veteran();

    for (const file of ['node.pem', 'membership.json', 'assignment.json'])
      expect(statSync(path.join(directory, file)).mode & 0o777, file).toBe(0o600);
  });

  it('needs a token the first time', async () => {
    await expect(start({ joinToken: null })).rejects.toMatchObject({
      code: 'invalid-configuration',
    });
  });

  it.each([
    ['another name', 'node-2', 'demo'],
    ['a token of another grid', 'node-1', 'other'],
  ])('refuses to be somebody else: %s', async (_, name, grid) => {
    await veteran();

    await expect(start({ name, joinToken: master.token(grid) })).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('belongs to node node-1 of grid demo'),
    });
  });

  it('does not go into another grid than the one of its token', async () => {
    const agent = await start();

    const peer = await master.open({ grid: 'other' });

    expect(await peer.closed).toBe(CLOSE.notAuthenticated.code);
    expect(agent.status().grid).toBeNull();
  });

  it('says which file is damaged', async () => {
    await veteran();
    writeFileSync(path.join(directory, 'membership.json'), '{}');

    await expect(start()).rejects.toMatchObject({
      code: 'invalid-configuration',
      message: expect.stringContaining('membership.json'),
    });
  });
});

describe('observing', () => {
  it('sends everything first, then only what changed, and nothing when nothing does', async () => {
    await veteran();
    await start();
    const peer = await master.open();

    const first = await peer.next('observation');
    engine.kill(WEB);
    const second = await peer.next('observation');

    expect(first).toMatchObject({ sequence: 1, complete: true, generation: 7, gone: [] });
    expect(first.instances).toEqual([
      expect.objectContaining({ current: expect.objectContaining({ ready: true }), attempt: null }),
    ]);
    expect(second).toMatchObject({ sequence: 2, complete: false });
  });

  it('says its assignment first when it is recalled', async () => {
    await veteran();
    await start();
    const peer = await master.open({ recall: true });

    await untilPasses(() =>
      expect(peer.received.map((message) => message.type)).toEqual(['recalled', 'observation']),
    );
    const kept = JSON.parse(readFileSync(path.join(directory, 'assignment.json'), 'utf8'));
    expect((await peer.next('recalled')).signed).toEqual(kept);
  });

  it('sends everything again when it is asked to', async () => {
    await veteran();
    await start();
    const peer = await master.open();
    const first = await peer.next('observation');

    peer.send({ type: 'resync', recall: true });

    const again = await peer.next('observation');
    expect(again).toMatchObject({ sequence: 2, complete: true, instances: first.instances });
    expect(await peer.next('recalled')).toBeDefined();
  });

  it('names what is gone', async () => {
    await veteran();
    await start();
    const peer = await master.open();
    await peer.next('observation');

    master.assign(peer, { generation: 8 });

    await untilPasses(async () => {
      expect((await peer.next('observation')).gone).toEqual([PATH]);
    });
    expect(engine.names).toEqual([]);
  });
});

describe('an assignment', () => {
  it.each([
    ['signed by somebody else', { generation: 9 }, 'not-authenticated', true],
    ['for another node', { generation: 9, node: 'node-2' }, 'not-authorised', false],
    ['for another grid', { generation: 9, grid: 'other' }, 'not-authorised', false],
    ['older than the one it goes by', { generation: 6 }, 'invalid-request', false],
    ['of the same generation but different', { generation: 7 }, 'invalid-request', false],
  ])('%s is refused and changes nothing', async (_, assignment, code, forged) => {
    await veteran();
    const agent = await start();
    const peer = await master.open();

    master.assign(peer, assignment, forged ? createKeyPair() : master.keys);

    expect(await peer.next('refusal')).toMatchObject({ generation: assignment.generation, code });
    expect(agent.status().generation).toBe(7);
    expect(engine.names).toEqual([WEB]);
  });

  it('that is malformed is refused', async () => {
    await veteran();
    await start();
    const peer = await master.open();

    master.assign(peer, { generation: 9, instances: 'all' as unknown as [] });

    expect(await peer.next('refusal')).toMatchObject({ code: 'protocol-violation' });
  });

  it('that cannot be kept is asked for again, with a new session', async () => {
    await veteran();
    const inTheWay = path.join(directory, 'assignment.json.new');
    mkdirSync(inTheWay);
    const agent = await start();
    const peer = await master.open();

    master.assign(peer, { generation: 9, instances: [instance] });
    expect(await peer.next('refusal')).toMatchObject({ generation: 9, code: 'internal' });
    rmSync(inTheWay, { recursive: true });
    const again = await master.open();
    master.assign(again, { generation: 9, instances: [instance] });

    await untilPasses(() => expect(agent.status().generation).toBe(9), 5_000);
    expect(engine.names).toEqual([WEB]);
  });

  it('that was sent twice is taken once', async () => {
    await veteran();
    await start();
    const peer = await master.open();
    const before = [...engine.journal];

    master.assign(peer, { generation: 7, instances: [instance] });
    peer.send({ type: 'resync', recall: false });
    await peer.next('observation');
    await peer.next('observation');

    expect(peer.received.filter((message) => message.type === 'refusal')).toEqual([]);
    expect(engine.journal).toEqual(before);
  });

  it('is gone by without the master, also after a restart', async () => {
    await veteran();
    await master.stop();
    engine.removeByHand(WEB);

    const agent = await start({ joinToken: null });

    await untilPasses(() => expect(engine.names).toEqual([WEB]), 5_000);
    expect(agent.status()).toMatchObject({ connected: false, grid: 'demo', generation: 7 });
  });

  it('on disk that its master did not sign is not gone by', async () => {
    await veteran();
    const forged = { payload: '{"generation":99}', signature: 'AAAA' };
    writeFileSync(path.join(directory, 'assignment.json'), JSON.stringify(forged));
    engine.removeByHand(WEB);

    const agent = await start();
    const peer = await master.open();
    await peer.next('observation');

    expect(agent.status().generation).toBe(0);
    expect(engine.names).toEqual([]);
  });
});

describe('a session', () => {
  it('is opened again whenever it ends', async () => {
    await start();

    for (const code of [CLOSE.shutdown.code, CLOSE.replaced.code, 1011, CLOSE.timeout.code]) {
      const peer = await master.open();
      await peer.next('observation');
      peer.close(code);
    }

    await master.open();
  });

  it('is tried again, seldom and loudly, when the master does not know the node', async () => {
    const errors: string[] = [];
    const log: Log = { ...silentLog, error: (_, message) => errors.push(message) };
    await start({ log });

    (await master.peer()).close(CLOSE.notAuthenticated.code);

    await untilPasses(() => expect(errors.join()).toContain('a person must look at it'));
    expect(master.calls).toBe(0);
  });

  it('ends when the master speaks out of turn', async () => {
    await start();
    const peer = await master.peer();
    await peer.next('hello');

    master.welcome(peer);

    expect(await peer.closed).toBe(CLOSE.protocolViolation.code);
  });

  it('ends at a message that is none, and the next one is opened', async () => {
    await start();
    const peer = await master.open();
    await peer.next('observation');

    peer.sendText('{"type":"surprise"}');

    expect(await peer.closed).toBe(CLOSE.protocolViolation.code);
    await master.open();
  });

  it('ends when the master gives no sign of life', async () => {
    await start();
    const peer = await master.open({ heartbeatSeconds: 1 });
    await peer.next('observation');

    peer.freeze();

    await master.open();
  });

  it('lives through a message that takes longer than its heartbeats, as a large one does on a slow line', async () => {
    await master.stop();
    // Its answers would wait behind the message.
    master = await WireMaster.start({ autoPong: false });
    await start();
    const peer = await master.open({ heartbeatSeconds: 1 });
    await peer.next('observation');
    const text = encode({ type: 'resync', recall: false });

    for (let part = 0; part < 4; part += 1) {
      await untilPasses(() => expect(peer.pings.length).toBeGreaterThan(part), 5_000);
      peer.sendPart(part < 3 ? text.slice(part, part + 1) : text.slice(part), part === 3);
    }

    expect(await peer.next('observation')).toMatchObject({ complete: true });
  });

  it('ends when the agent stops, and containers run on', async () => {
    const agent = await start();
    const peer = await master.open();
    master.assign(peer, { instances: [web('web:1')] });
    await untilPasses(() => expect(engine.names).toEqual([WEB]));

    await agent.stop();

    expect(await peer.closed).toBe(CLOSE.shutdown.code);
    expect(engine.names).toEqual([WEB]);
  });

  it('waits for the engine: a node without one has nothing to offer', async () => {
    engine.setDown(true);
    const warnings: object[] = [];
    await start({ log: { ...silentLog, warn: (fields) => warnings.push(fields) } });
    await untilPasses(() => expect(JSON.stringify(warnings)).toContain('does not answer'));
    expect(master.calls).toBe(0);

    engine.setDown(false);

    await (await master.open()).next('observation');
  });
});

describe('the address of a master', () => {
  it('is refused when it is none', async () => {
    await expect(start({ master: 'ftp://example.com' })).rejects.toMatchObject({
      code: 'invalid-configuration',
    });
  });
});

it('names the master’s key in a token by its fingerprint', () => {
  expect(master.token()).toContain(fingerprint(master.keys.publicKey));
});

describe('how its network is', () => {
  const report: NetworkReport = { version: 0, peers: [], findings: [] };
  const observer: NetworkObserver = {
    report: () => Promise.resolve(report),
    onChange: () => () => undefined,
    stop: () => undefined,
  };
  const network = { ...plainNetwork(noNetworks, aNetworkOfNothing, engine), observer };

  it('an agent tells a master that asks for it', async () => {
    await start({}, { network });
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['network-report'] });
    await peer.next('proof');
    master.welcome(peer);

    expect(await peer.next('network-report')).toEqual({ type: 'network-report', report });
  });

  it('an agent does not tell an older master, that would refuse it', async () => {
    await start({}, { network });
    const peer = await master.open();
    await peer.next('observation');

    expect(peer.received.map(({ type }) => type)).not.toContain('network-report');
  });

  it('an agent without an overlay has nothing to tell', async () => {
    await start();
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['network-report'] });
    await peer.next('proof');
    master.welcome(peer);
    await peer.next('observation');

    expect(peer.received.map(({ type }) => type)).not.toContain('network-report');
  });
});

describe('what else is on its host', () => {
  it('an agent tells a master that asks for it, before it shows its instances', async () => {
    engine.foreign = { ports: [], volumes: ['shop-data'] };
    await start();
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['host'] });
    await peer.next('proof');
    master.welcome(peer);

    const types = () => peer.received.map(({ type }) => type);
    await untilPasses(() => expect(types()).toContain('observation'));
    expect(types().indexOf('host')).toBeLessThan(types().indexOf('observation'));
    expect(await peer.next('host')).toEqual({ type: 'host', report: engine.foreign });
  });

  it('an agent does not tell an older master, that would refuse it', async () => {
    await start();
    const peer = await master.open();
    await peer.next('observation');

    expect(peer.received.map(({ type }) => type)).not.toContain('host');
  });

  it('holds up nothing when the engine cannot tell', async () => {
    engine.fail('host', 'engine-refused');
    await start();
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['host'] });
    await peer.next('proof');
    master.welcome(peer);

    await peer.next('observation');
    expect(peer.received.map(({ type }) => type)).not.toContain('host');
  });

  it('an agent tells of a port of the host’s own as soon as Docker has told it', async () => {
    const startMessage = 'listen tcp4 127.0.0.11:80: bind: address already in use';
    engine.behave('web:1', { startError: 'port-taken', startMessage });
    await start();
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['host'] });
    await peer.next('proof');
    master.welcome(peer);
    expect((await peer.next('host')).report.ports).toEqual([]);

    master.assign(peer, { generation: 1, instances: [web('web:1', { ports: [aPort(80)] })] });

    const taken = { address: '127.0.0.11', port: 80, protocol: 'tcp', container: null };
    expect((await peer.next('host')).report.ports).toEqual([taken]);
  });
});

describe('the state of the engine', () => {
  it('is told before anything else to a master that asks for it, and to no other', async () => {
    await veteran();
    await start();
    const old = await master.open();
    await old.next('observation');
    old.close(CLOSE.shutdown.code);
    const peer = await master.peer();
    await master.challenge(peer, { capabilities: ['engine'] });
    await peer.next('proof');
    master.welcome(peer);

    await peer.next('observation');

    expect(old.received.filter(({ type }) => type === 'engine')).toEqual([]);
    expect(peer.received[0]).toMatchObject({ type: 'engine', state: 'ok' });
  });
});

describe('events without a session', () => {
  it('are told in the next one, with the times that they happened at', async () => {
    await veteran();
    await start();
    const first = await master.open();
    await first.next('observation');
    first.close(CLOSE.shutdown.code);
    const peer = await master.peer();
    engine.crash(WEB);
    await untilPasses(() => expect(engine.get(WEB).starts).toBe(2), 5_000);
    const before = Date.now();

    await master.challenge(peer);
    await peer.next('proof');
    master.welcome(peer);

    const event = await peer.next('event');
    expect(event).toMatchObject({ kind: 'instance-crashed', path: PATH });
    expect(event.at).toBeLessThanOrEqual(before);
  });
});

describe('the clock of the node', () => {
  it('is told with every ping', async () => {
    await veteran();
    await start();
    const before = Date.now();
    const peer = await master.open();
    await peer.next('observation');

    expect(peer.pings.length).toBe(1);
    expect(Number(peer.pings[0])).toBeGreaterThanOrEqual(before);
    expect(Number(peer.pings[0])).toBeLessThanOrEqual(Date.now());
  });
});

describe('a master of another version', () => {
  it.each([
    ['99.0.0', 'this agent is older than its master'],
    ['0.0.1', 'this agent is newer than its master'],
  ])('%s is worked with, and the log says what to update', async (masterVersion, text) => {
    await veteran();
    const warnings: string[] = [];
    const warn: Log['warn'] = (_fields, message) => void warnings.push(message);
    await start({ log: { ...silentLog, warn, child: () => silentLog } });
    const peer = await master.peer();
    await master.challenge(peer, { masterVersion });
    await peer.next('proof');
    master.welcome(peer);

    await peer.next('observation');

    expect(warnings.join()).toContain(text);
  });
});

describe('a master that was moved', () => {
  it('is found at the next of its addresses, and known by its key', async () => {
    await veteran();
    const impostor = await WireMaster.start();
    try {
      const nobody = 'http://127.0.0.1:1';
      const agent = await start({ master: [nobody, impostor.url, master.url], joinToken: null });
      await impostor.challenge(await impostor.peer());

      const peer = await master.open();

      await peer.next('observation');
      expect(agent.status().connected).toBe(true);
    } finally {
      await impostor.stop();
    }
  });

  it('is looked up anew for each attempt', async () => {
    await veteran();
    const { port } = new URL(master.url);
    const where = { host: '127.0.0.2', port: Number(port), keys: master.keys };
    const moved = await WireMaster.start(where);
    const there = new Map([['master.test', '127.0.0.1']]);
    const lookup = vi.spyOn(dns, 'lookup').mockImplementation(((
      name: string,
      options: dns.LookupOptions,
      done: (error: Error | null, found: unknown, family?: number) => void,
    ) => {
      const address = there.get(name) ?? name;
      if (options.all === true) done(null, [{ address, family: 4 }]);
      else done(null, address, 4);
    }) as typeof dns.lookup);
    try {
      await start({ master: `http://master.test:${port}`, joinToken: null });
      const first = await master.open();
      await first.next('observation');

      there.set('master.test', '127.0.0.2');
      first.close(CLOSE.shutdown.code);
      const second = await moved.open();

      await second.next('observation');
    } finally {
      lookup.mockRestore();
      await moved.stop();
    }
  });
});
