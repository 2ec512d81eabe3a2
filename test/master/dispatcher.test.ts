import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { WebSocketServer } from 'ws';
import { markOfChance } from '../../src/manifest/chance.ts';
import { Dispatcher } from '../../src/master/dispatcher.ts';
import { Fleet } from '../../src/master/fleet.ts';
import { dispatchRecords, loadFleet, pruneDoneHooks } from '../../src/master/fleet-records.ts';
import { loadNetworkMaps, type NetworkMaps } from '../../src/master/network-maps.ts';
import type { NodeEvent } from '../../src/master/node-event.ts';
import type { Assignment } from '../../src/model/assignment.ts';
import type { Stack } from '../../src/model/grid.ts';
import type { NetworkMap } from '../../src/model/network.ts';
import type { NetworkReport } from '../../src/model/network-report.ts';
import { type AgentMessageOf, MAX_FRAME_BYTES } from '../../src/protocol/agent.ts';
import {
  decodeAssignment,
  decodeNetworkMap,
  decodeSecretsParcel,
  encode,
} from '../../src/protocol/codec.ts';
import { printJoinToken } from '../../src/protocol/join-token.ts';
import {
  createKeyPair,
  fingerprint,
  type KeyPair,
  open,
  seal,
  sessionText,
  verify,
} from '../../src/protocol/sign.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { createIdentity, recipientOf } from '../../src/secrets/age.ts';
import { unpackValues } from '../../src/secrets/parcel.ts';
import { openStore, type Store } from '../../src/store/store.ts';
import { aNetworkMap, aNetworkNode, networkFacts } from '../support/a-network-map.ts';
import { aVault, vaultSeed } from '../support/a-vault.ts';
import {
  aGrid,
  aHook,
  anAssignedInstance,
  aService,
  aSpec,
  aStack,
  running,
  someFacts,
} from '../support/builders.ts';
import { untilPasses } from '../support/until-passes.ts';
import { WireAgent } from '../support/wire-agent.ts';

const SECRET = 's'.repeat(43);

let store: Store;
let identity: KeyPair;
let fleet: Fleet;
let dispatcher: Dispatcher;
let networks: NetworkMaps;
let server: Server;
let url: string;
let events: NodeEvent[];
let reports: { readonly grid: string; readonly node: string; readonly report: NetworkReport }[];
let agents: WireAgent[];
let changes: (() => void)[];

beforeEach(async () => {
  store = await openStore({ path: ':memory:' });
  identity = createKeyPair();
  events = [];
  reports = [];
  agents = [];
  changes = [];
  await startDispatcher(new Fleet());
  server = createServer();
  const sockets = new WebSocketServer({ server, maxPayload: MAX_FRAME_BYTES });
  sockets.on('connection', (socket, { socket: wire }) =>
    dispatcher.accept(socket, '192.0.2.7', wire),
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `ws://127.0.0.1:${(server.address() as AddressInfo).port}`;
});

afterEach(async () => {
  for (const agent of agents) agent.close();
  dispatcher.close();
  await networks.stop();
  await new Promise((resolve) => server.close(resolve));
  await store.close();
});

async function startDispatcher(of: Fleet, heartbeatSeconds = 15): Promise<void> {
  fleet = of;
  const parts = { identity, fleet, clock: systemClock, log: silentLog, onChange: () => undefined };
  networks = await loadNetworkMaps(parts, store);
  dispatcher = new Dispatcher({
    identity,
    version: '0.1.0',
    heartbeatSeconds,
    fleet,
    records: dispatchRecords(store),
    vault: await aVault(),
    networks,
    clock: systemClock,
    uptime: () => Date.now(),
    log: silentLog,
    onChange: () => {
      for (const look of changes.splice(0)) look();
    },
    onEvent: (event) => events.push(event),
    onNetworkReport: async (from) => {
      reports.push(from);
      for (const look of changes.splice(0)) look();
    },
  });
}

function connect(keys?: KeyPair): WireAgent {
  const agent = new WireAgent(url, keys);
  agents.push(agent);
  return agent;
}

async function makeToken(grid = 'demo', secret = SECRET): Promise<string> {
  const hash = createHash('sha256').update(secret).digest('hex');
  await store.tokens.create({ hash, grid, createdAt: 0, expiresAt: Date.now() + 60_000 });
  return printJoinToken({ grid, secret, fingerprint: fingerprint(identity.publicKey) });
}

async function joined(
  name = 'node-1',
): Promise<{ agent: WireAgent; credential: { payload: string; signature: string } }> {
  const token = await makeToken('demo', name.padEnd(43, 'x'));
  const agent = connect();
  const welcome = await agent.join({ kind: 'join', token, name });
  return { agent, credential: welcome.credential };
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise<void>((resolve) => changes.push(resolve));
}

function assignment(generation: number, overrides: Partial<Assignment> = {}): Assignment {
  return {
    grid: 'demo',
    node: 'node-1',
    generation,
    roster: ['node-1'],
    instances: [],
    kept: [],
    ...overrides,
  };
}

describe('an assignment', () => {
  it('that nobody could read any more is neither stored nor sent', async () => {
    const service = aService();
    const instances = Array.from({ length: 10_001 }, (_, at) =>
      anAssignedInstance(service, { number: at + 1 }),
    );
    const env = { LONG: 'x'.repeat(17 * 1024 * 1024) };
    const large = [anAssignedInstance(service, { spec: { ...service.spec, env } })];

    for (const each of [instances, large])
      await expect(dispatcher.assign(assignment(1, { instances: each }))).rejects.toThrow(
        /node-1 is too large/,
      );

    expect(await store.assignments.get('demo', 'node-1')).toBeNull();
    expect(fleet.get('demo', 'node-1')).toBeNull();
  });
});

describe('joining a grid', () => {
  it('exchanges a token for a credential that the node is known by from then on', async () => {
    const { agent, credential } = await joined();

    const again = connect(agent.keys);
    const welcome = await again.join({ kind: 'credential', credential });

    expect(welcome).toMatchObject({ grid: 'demo', node: 'node-1' });
  });

  it('works once for each token, and again only for the same node whose answer was lost', async () => {
    const token = await makeToken();
    const first = connect();
    await first.join({ kind: 'join', token, name: 'node-1' });

    await connect(first.keys).join({ kind: 'join', token, name: 'node-1' });
    const thief = connect();
    const theft = thief.join({ kind: 'join', token, name: 'node-2' });

    await expect(theft).rejects.toThrow('4001');
  });

  it('does not let a second machine take the name of a node', async () => {
    await joined('node-1');
    const token = await makeToken('demo', 'y'.repeat(43));

    const taken = connect().join({ kind: 'join', token, name: 'node-1' });

    await expect(taken).rejects.toThrow('4001');
  });

  it('does not let a machine be a second node, of another grid or of its own, and says how to move', async () => {
    const { agent, credential } = await joined('node-1');
    const token = await makeToken('prod', 'z'.repeat(43));

    const second = connect(agent.keys);
    await expect(second.join({ kind: 'join', token, name: 'node-1' })).rejects.toThrow('4001');
    const renamed = connect(agent.keys);
    const other = await makeToken('demo', 'w'.repeat(43));
    await expect(renamed.join({ kind: 'join', token: other, name: 'node-2' })).rejects.toThrow();

    expect((await second.closed).reason).toBe(
      "leave grid demo first: drain, gridops node rm demo node-1, empty the agent's directory, join",
    );
    await connect(agent.keys).join({ kind: 'credential', credential });
    expect(fleet.nodes('prod')).toEqual([]);
    expect(await store.nodes.list('prod')).toEqual([]);
    // The token was not used up by it.
    await connect().join({ kind: 'join', token, name: 'node-1' });
  });

  it('refuses expired tokens, tokens of another master and tokens for another grid', async () => {
    const other = printJoinToken({ grid: 'demo', secret: SECRET, fingerprint: 'f'.repeat(64) });
    const forged = (await makeToken()).replace('gj1.demo.', 'gj1.prod.');

    await expect(connect().join({ kind: 'join', token: other, name: 'a' })).rejects.toThrow('4001');
    await expect(connect().join({ kind: 'join', token: forged, name: 'a' })).rejects.toThrow(
      '4001',
    );
  });
});

describe('opening a session', () => {
  it('proves to the agent that the master is who signed the challenge', async () => {
    const agent = connect();

    const challenge = await agent.greet();

    expect(challenge.publicKey).toBe(identity.publicKey);
    const text = sessionText(agent.nonces);
    expect(verify(identity.publicKey, 'session-master', text, challenge.signature)).toBe(true);
  });

  it('needs the private key of the credential: a stolen credential alone is worth nothing', async () => {
    const { credential } = await joined();

    const theft = connect(createKeyPair()).join({ kind: 'credential', credential });

    await expect(theft).rejects.toThrow('4001');
  });

  it('refuses a credential that another master made', async () => {
    const agent = connect();
    const claim = { grid: 'demo', node: 'node-1', publicKey: agent.keys.publicKey, issuedAt: 0 };
    const credential = seal(createKeyPair(), 'credential', claim);

    await expect(agent.join({ kind: 'credential', credential })).rejects.toThrow('4001');
  });

  it('refuses a proof over other nonces, so that no recorded one can be played again', async () => {
    const { agent, credential } = await joined();
    const replay = connect(agent.keys);
    await replay.greet();

    replay.send({
      ...replay.proof({ kind: 'credential', credential }),
      signature: agent.proof({ kind: 'credential', credential }).signature,
    });

    expect((await replay.closed).code).toBe(4001);
  });

  it('refuses a recipient that the node did not sign: its secrets would go to somebody else', async () => {
    const { agent, credential } = await joined();
    const other = connect(agent.keys);
    await other.greet();
    const { signature } = other.proof({ kind: 'credential', credential });

    other.send({
      ...other.proof({ kind: 'credential', credential }, { recipient: 'age1somebody' }),
      signature,
    });

    expect((await other.closed).code).toBe(4001);
  });

  it('refuses a node that was removed', async () => {
    const { agent, credential } = await joined();
    await store.nodes.revoke(agent.keys.publicKey, Date.now());

    await expect(connect(agent.keys).join({ kind: 'credential', credential })).rejects.toThrow(
      '4001',
    );
  });

  it('survives the loss of the store: the credential alone makes the node known again', async () => {
    const { agent, credential } = await joined();
    await store.nodes.remove('demo', 'node-1');
    await startDispatcher(new Fleet());

    const welcome = await connect(agent.keys).join({ kind: 'credential', credential });

    expect(welcome.node).toBe('node-1');
    expect(fleet.get('demo', 'node-1')).not.toBeNull();
  });

  it('closes with a code of its own when no protocol version is shared', async () => {
    const agent = connect();
    agent.protocol = { min: 7, max: 9 };

    await expect(agent.greet()).rejects.toThrow('4010');
  });

  it('cuts off whoever speaks out of turn, in binary, in an unknown type or not in JSON', async () => {
    for (const text of ['{"type":"surprise"}', 'not json', Buffer.from([0, 1, 2])]) {
      const agent = connect();
      await agent.greet();
      agent.sendText(text);
      expect((await agent.closed).code).toBe(4000);
    }
    const early = connect();
    await early.greet();
    early.observe({ complete: true });
    expect((await early.closed).code).toBe(4000);
  });

  it('survives frames above the limit', async () => {
    const agent = connect();
    await agent.greet();

    agent.sendText('x'.repeat(MAX_FRAME_BYTES + 1));

    expect((await agent.closed).code).toBe(1009);
    await joined();
  });

  it('ends when the agent gives no sign of life, and the node counts as offline', async () => {
    dispatcher.close();
    await startDispatcher(new Fleet(), 1);
    const { agent } = await joined();
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.online === true);

    agent.freeze();

    await until(() => fleet.get('demo', 'node-1')?.online === false);
    expect(dispatcher.isConnected('demo', 'node-1')).toBe(false);
  });

  it('lives through a message that takes longer than its heartbeats, as a large one does on a slow line', async () => {
    dispatcher.close();
    await startDispatcher(new Fleet(), 1);
    const agent = new WireAgent(url, undefined, { autoPong: false });
    agents.push(agent);
    await agent.join({ kind: 'join', token: await makeToken(), name: 'node-1' });
    const observation = { sequence: 1, complete: true, generation: 0, instances: [], gone: [] };
    const text = encode({ type: 'observation', ...observation });

    for (let part = 0; part < 4; part += 1) {
      await untilPasses(() => expect(agent.pings).toBeGreaterThan(part), 5_000);
      agent.sendPart(part < 3 ? text.slice(part, part + 1) : text.slice(part), part === 3);
    }

    await until(() => fleet.get('demo', 'node-1')?.online === true);
  });

  it('replaces the older session of the same node', async () => {
    const { agent, credential } = await joined();

    await connect(agent.keys).join({ kind: 'credential', credential });

    expect((await agent.closed).code).toBe(4041);
    expect(dispatcher.isConnected('demo', 'node-1')).toBe(true);
  });
});

describe('secrets', () => {
  const chance = markOfChance(
    {
      path: ['demo', 'shop', 'P'],
      chance: { kind: 'string', length: 8, charset: 'hex' },
      changes: {},
    },
    vaultSeed,
  );

  it('go beside the assignment, for this session of the node alone', async () => {
    const { credential, agent: before } = await joined();
    const key = await createIdentity();
    const agent = connect(before.keys);
    const proof = { recipient: await recipientOf(key) };
    await agent.join({ kind: 'credential', credential }, proof);
    agent.observe({ complete: true });

    await dispatcher.assign(assignment(1, { secrets: { [chance]: null } }));

    const { signed, secrets } = await agent.next('assignment');
    const parcel = open(identity.publicKey, 'secrets', secrets ?? { payload: '', signature: '' });
    const { sealed, ...to } = decodeSecretsParcel(parcel ?? '');
    expect(to).toEqual({ grid: 'demo', node: 'node-1', generation: 1 });
    const values = await unpackValues(key, sealed);
    expect([...(values ?? [])]).toEqual([[chance, expect.stringMatching(/^[0-9a-f]{8}$/)]]);
    expect(signed.payload).not.toContain(values?.get(chance) ?? '');
  });

  it('that cannot be opened do not keep the assignment back, and are told of', async () => {
    const { credential, agent: before } = await joined();
    const agent = connect(before.keys);
    const proof = { recipient: await recipientOf(await createIdentity()) };
    await agent.join({ kind: 'credential', credential }, proof);
    agent.observe({ complete: true });

    await dispatcher.assign(assignment(1, { secrets: { '⟦secret.pass.a⟧': 'nothing' } }));

    expect((await agent.next('assignment')).generation).toBe(1);
    const told = events.find(({ kind }) => kind === 'secret-missing');
    expect(told?.message).toBe('⟦pass⟧: it is no sealed value');
  });

  it('are not sent to an agent that cannot take them, which is told', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true });

    await dispatcher.assign(assignment(1, { secrets: { [chance]: null } }));

    expect((await agent.next('assignment')).secrets).toBeUndefined();
    expect(events.find(({ kind }) => kind === 'secret-missing')?.message).toContain('too old');
  });
});

describe('assignments', () => {
  it('are stored, signed and sent, and each is newer than the one before', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true });

    await dispatcher.assign(assignment(1));

    const sent = await agent.next('assignment');
    const payload = open(identity.publicKey, 'assignment', sent.signed);
    expect(payload === null ? null : decodeAssignment(payload)).toEqual(assignment(1));
    expect((await store.assignments.get('demo', 'node-1'))?.generation).toBe(1);
    await expect(dispatcher.assign(assignment(1))).rejects.toThrow('exists already');
  });

  it('reach a node that was away as soon as it is back', async () => {
    const { agent, credential } = await joined();
    agent.close();
    await until(() => !dispatcher.isConnected('demo', 'node-1'));
    await dispatcher.assign(assignment(3));

    const back = connect(agent.keys);
    await back.join({ kind: 'credential', credential }, { generation: 2 });
    back.observe({ complete: true, generation: 2 });

    expect((await back.next('assignment')).generation).toBe(3);
  });

  it('are recalled from the node when this master has lost them, on its own signature only', async () => {
    const { agent, credential } = await joined();
    const recalled = assignment(41, { roster: ['node-1', 'node-2'] });
    const back = connect(agent.keys);
    const welcome = await back.join({ kind: 'credential', credential }, { generation: 41 });
    expect(welcome.recall).toBe(true);

    back.send({ type: 'recalled', signed: seal(identity, 'assignment', recalled) });
    back.observe({ complete: true, generation: 41 });
    await until(() => fleet.get('demo', 'node-1')?.observed === true);

    expect(fleet.get('demo', 'node-1')?.assignment).toEqual(recalled);
    expect(fleet.get('demo', 'node-2')?.observed).toBe(false);
  });

  it('that a node made up itself are refused', async () => {
    const { agent, credential } = await joined();
    const back = connect(agent.keys);
    await back.join({ kind: 'credential', credential }, { generation: 41 });

    const forged = seal(back.keys, 'assignment', assignment(41));
    back.send({ type: 'recalled', signed: forged });

    expect((await back.closed).code).toBe(4001);
  });

  it('are recalled as large as they were sent, whatever runs', async () => {
    const { agent, credential } = await joined();
    agent.observe({ complete: true });
    const service = aService();
    const full = Array.from({ length: 167 }, (_, at) => [`FULL_${at}`, 'x'.repeat(100_000)]);
    const sized = (rest: number) => {
      const env = Object.fromEntries([...full, ['REST', 'x'.repeat(rest)]]);
      const spec = { ...service.spec, env };
      return assignment(1, { instances: [anAssignedInstance(service, { spec })] });
    };
    const most = MAX_FRAME_BYTES - 4_096 - JSON.stringify(JSON.stringify(sized(0))).length;
    await expect(dispatcher.assign(sized(most + 1))).rejects.toThrow('too large');
    await dispatcher.assign(sized(most));
    const { signed } = await agent.next('assignment');
    await store.assignments.remove('demo', 'node-1');
    await startDispatcher(new Fleet());

    const back = connect(agent.keys);
    await back.join({ kind: 'credential', credential }, { generation: 1 });
    back.send({ type: 'recalled', signed });
    const instances = Array.from({ length: 100 }, (_, at) => running(service, at + 1));
    back.observe({ complete: true, generation: 1, instances });
    await until(() => fleet.get('demo', 'node-1')?.observed === true);

    expect(fleet.get('demo', 'node-1')?.assignment?.generation).toBe(1);
  });
});

type Fate = 'comes' | 'is lost' | 'comes twice' | 'comes late';

/** A node whose messages about its instances do not all arrive as they were sent. It tells everything when it is asked to. */
class FaultyNode {
  readonly #agent: WireAgent;
  readonly #numbers = new Set<number>();
  #sent = 1;
  #late: (() => void)[] = [];

  constructor(agent: WireAgent) {
    this.#agent = agent;
    this.#tellAll();
    void this.#answer().catch(() => undefined);
  }

  get numbers(): readonly number[] {
    return [...this.#numbers].toSorted((a, b) => a - b);
  }

  change(number: number, isThere: boolean, fate: Fate): void {
    if (isThere) this.#numbers.add(number);
    else this.#numbers.delete(number);
    const sequence = (this.#sent += 1);
    const instances = isThere ? [running(aService(), number)] : [];
    const gone = isThere ? [] : [`shop/web-${number}`];
    const tell = () => this.#agent.observe({ complete: false, instances, gone, sequence });
    if (fate === 'comes late') {
      this.#late.push(tell);
      return;
    }
    for (let times = { comes: 1, 'is lost': 0, 'comes twice': 2 }[fate]; times > 0; times -= 1)
      tell();
    for (const late of this.#late.splice(0)) late();
  }

  async #answer(): Promise<never> {
    for (;;) {
      await this.#agent.next('resync');
      this.#sent += 1;
      this.#tellAll();
    }
  }

  #tellAll(): void {
    const instances = this.numbers.map((number) => running(aService(), number));
    this.#agent.observe({ complete: true, instances, sequence: this.#sent });
  }
}

function numbersOf(name: string): readonly number[] {
  return fleet.get('demo', name)?.instances.map(({ number }) => number) ?? [];
}

function isEqual(a: readonly number[], b: readonly number[]): boolean {
  return a.length === b.length && a.every((one, at) => one === b[at]);
}

describe('observations', () => {
  const web = aService();

  it('change the picture, complete ones and increments', async () => {
    const { agent } = await joined();

    agent.observe({ complete: true, instances: [running(web, 1)] });
    agent.observe({ complete: false, instances: [running(web, 2)], gone: ['shop/web-1'] });
    await until(() => fleet.get('demo', 'node-1')?.instances[0]?.number === 2);

    expect(fleet.get('demo', 'node-1')).toMatchObject({ online: true, observed: true });
  });

  it('with a gap are not believed: the master asks for a complete one', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true, instances: [running(web, 1)] });

    agent.observe({ complete: false, instances: [running(web, 2)], sequence: 9 });

    await agent.next('resync');
    expect(fleet.get('demo', 'node-1')?.instances).toHaveLength(1);
    agent.observe({ complete: true, instances: [running(web, 1), running(web, 2)], sequence: 10 });
    await until(() => fleet.get('demo', 'node-1')?.instances.length === 2);
  });

  it('that are lost, come twice or in another order end in what the node has', async () => {
    const change = fc.record({ number: fc.integer({ min: 1, max: 4 }), isThere: fc.boolean() });
    const fate = fc.constantFrom('comes', 'comes', 'is lost', 'comes twice', 'comes late');
    const stories = fc.array(fc.tuple(change, fate), { maxLength: 12 });
    let turn = 0;
    await fc.assert(
      fc.asyncProperty(stories, async (story) => {
        turn += 1;
        const name = `node-${turn}`;
        const { agent } = await joined(name);
        const node = new FaultyNode(agent);
        for (const [{ number, isThere }, how] of story) node.change(number, isThere, how);
        // Whatever is amiss by then shows with the next message.
        node.change(5, true, 'comes');

        await until(() => isEqual(numbersOf(name), node.numbers));
        agent.close();
      }),
      { numRuns: 25 },
    );
  });

  it('of a node that goes away stay, and the node counts as offline', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true, instances: [running(web, 1)] });
    await until(() => fleet.get('demo', 'node-1')?.observed === true);

    agent.close();
    await until(() => fleet.get('demo', 'node-1')?.online === false);

    expect(fleet.get('demo', 'node-1')?.instances).toHaveLength(1);
    expect(events.map((event) => event.kind)).toContain('node-disconnected');
  });

  it.each([-26, 26])(
    'of a node whose clock is %d hours off are taken in their order, with times of the master',
    async (hours) => {
      const token = await makeToken();
      const agent = connect();
      const clock = Date.now() + hours * 3_600_000;
      await agent.join({ kind: 'join', token, name: 'node-1' }, { clock });

      agent.observe({ complete: true, instances: [running(web, 1)] });
      agent.observe({ complete: false, instances: [running(web, 2)] });
      await until(() => fleet.get('demo', 'node-1')?.instances.length === 2);
      await dispatcher.assign(assignment(3));

      expect((await agent.next('assignment')).generation).toBe(3);
      const [node] = await store.nodes.list();
      expect(Math.abs(Date.now() - (node?.lastSeenAt ?? 0))).toBeLessThan(60_000);
    },
  );

  it('come with a warning where the clocks differ', async () => {
    const token = await makeToken();

    await connect().join({ kind: 'join', token, name: 'node-1' }, { clock: Date.now() + 90_000 });

    expect(events.find((event) => event.kind === 'clock-skew')?.message).toContain('90 s ahead');
  });

  it('are looked at all the time how their clocks go', async () => {
    const { agent } = await joined();
    expect(dispatcher.remarkOn('demo', 'node-1')).toEqual({ skewSeconds: 0 });

    agent.ping(String(Date.now() + 90_000));
    agent.ping('');
    agent.ping('yesterday');
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.online === true);

    expect(dispatcher.remarkOn('demo', 'node-1')).toEqual({ skewSeconds: 90 });
    expect(events.find((event) => event.kind === 'clock-skew')?.message).toContain('90 s ahead');
    agent.close();
    await until(() => fleet.get('demo', 'node-1')?.online === false);
    expect(dispatcher.remarkOn('demo', 'node-1')).toEqual({});
  });

  it('whose agent is older, and says less, do their work, and people are told', async () => {
    const token = await makeToken();
    const agent = connect();
    const facts = someFacts({ agentVersion: '0.0.9' }) as AgentMessageOf<'proof'>['facts'];
    await agent.join({ kind: 'join', token, name: 'node-1' }, { facts });
    agent.ping('');
    agent.observe({ complete: true });

    await dispatcher.assign(assignment(1));

    expect(await agent.next('assignment')).toMatchObject({ generation: 1 });
    expect(dispatcher.remarkOn('demo', 'node-1')).toMatchObject({ outdated: true });
    expect(events.find(({ kind }) => kind === 'agent-outdated')?.message).toContain('0.0.9');
  });
});

describe('oneshot hooks that a node reports as done', () => {
  const hooks = [aHook('pre-start', 'seed', { oneshot: true }), aHook('pre-start', 'check')];
  const service = aService({ spec: aSpec({ hooks }) });
  const doneHooks = ['pre-start/seed', 'pre-start/check', 'pre-start/invented'];
  const seed = { grid: 'demo', service: 'shop/web', number: 1, hook: 'pre-start/seed' };

  async function report(): Promise<void> {
    const { agent } = await joined();
    await dispatcher.assign(assignment(1, { instances: [anAssignedInstance(service)] }));
    const told = [1, 2].map((number) => ({ ...running(service, number), doneHooks }));
    agent.observe({ complete: true, instances: told, generation: 1 });
    await until(() => fleet.get('demo', 'node-1')?.instances.length === 2);
  }

  it('are kept in the store, as far as they are of an instance that it is assigned', async () => {
    await report();

    expect(await store.doneHooks.list('demo')).toEqual([seed]);
    expect([...fleet.doneHooks.of('demo', { ...service, service: 'web', number: 1 })]).toEqual([
      'pre-start/seed',
    ]);
  });

  it('are known to the next process, and forgotten with the service', async () => {
    await report();
    const parts = { store, uptime: () => 0, log: silentLog };
    const next = await loadFleet(parts);
    const id = { stack: 'shop', service: 'web', number: 1 };
    let visitors: readonly Stack[] = [];
    expect([...next.doneHooks.of('demo', id)]).toEqual(['pre-start/seed']);

    await putGood([aStack({ services: [service] })]);
    await pruneDoneHooks({ store, fleet: next, visiting: () => visitors });
    expect([...next.doneHooks.of('demo', id)]).toEqual(['pre-start/seed']);
    await putGood([], ['shop']);
    await pruneDoneHooks({ store, fleet: next, visiting: () => visitors });
    expect(await store.doneHooks.list('demo')).toEqual([seed]);
    await putGood([]);
    visitors = [aStack({ services: [service] })];
    await pruneDoneHooks({ store, fleet: next, visiting: () => visitors });
    expect(await store.doneHooks.list('demo')).toEqual([seed]);
    visitors = [];
    await pruneDoneHooks({ store, fleet: next, visiting: () => visitors });

    expect([...next.doneHooks.of('demo', id)]).toEqual([]);
    expect(await store.doneHooks.list('demo')).toEqual([]);
  });

  async function putGood(stacks: readonly Stack[], held: readonly string[] = []): Promise<void> {
    const good = { grid: 'demo', sha: 'a1', inputs: 'i', gridDefinition: aGrid(), stacks, held };
    await store.revisions.putGood({ ...good, at: 1 });
  }
});

describe('the network map', () => {
  const facts = (name: string) =>
    ({ ...someFacts(), network: networkFacts(name) }) as AgentMessageOf<'proof'>['facts'];

  async function overlaid(name: string, networkVersion: number) {
    const token = await makeToken('demo', name.padEnd(43, 'x'));
    const agent = connect();
    const claim = { kind: 'join', token, name } as const;
    const welcome = await agent.join(claim, { facts: facts(name), networkVersion });
    return { agent, welcome };
  }

  async function mapFor(agent: WireAgent): Promise<NetworkMap> {
    const { signed } = await agent.next('network');
    const payload = open(identity.publicKey, 'network', signed);
    return decodeNetworkMap(payload ?? '');
  }

  it('reaches every node of a grid that takes one, and nobody before the grid is defined', async () => {
    const { agent, welcome } = await overlaid('node-1', 0);
    const { agent: old } = await joined('node-2');
    expect(welcome.recallNetwork).toBeUndefined();

    await networks.of('demo').prepare(aGrid(), new Map());

    const node = aNetworkNode('node-1', 1, { seenFrom: '192.0.2.7' });
    expect(await mapFor(agent)).toMatchObject({ grid: 'demo', version: 1, nodes: [node] });
    const { agent: third } = await overlaid('node-3', 0);
    expect((await mapFor(third)).nodes.map((one) => one.name)).toEqual(['node-1', 'node-3']);
    expect((await mapFor(agent)).version).toBe(2);
    old.send({ type: 'event', at: 0, severity: 'info', kind: 'x', path: '', message: '' });
    await expect(
      Promise.race([
        old.next('network'),
        third.next('network'),
        after(() => events.at(-1)?.kind === 'x'),
      ]),
    ).resolves.toBe('nothing');
  });

  it('is asked back from a node that has a newer one, which is believed by its signature', async () => {
    const known = aNetworkMap([aNetworkNode('node-1', 5), aNetworkNode('away', 6)], { version: 9 });
    await networks.of('demo').prepare(aGrid(), new Map());
    const { agent, welcome } = await overlaid('node-1', 9);
    const { agent: newcomer } = await overlaid('node-2', 0);
    expect(welcome.recallNetwork).toBe(true);

    agent.send({ type: 'recalled-network', signed: seal(identity, 'network', known) });

    const map = await mapFor(newcomer);
    expect(map.version).toBe(10);
    expect(map.nodes.map(({ name, number }) => [name, number])).toEqual([
      ['node-2', 1],
      ['node-1', 5],
      ['away', 6],
    ]);
    expect(await mapFor(agent)).toEqual(map);
    expect(fleet.get('demo', 'away')).toMatchObject({ observed: false, facts: null });
  });

  it.each([
    ['another master signed', () => seal(createKeyPair(), 'network', aNetworkMap([]))],
    ['was signed for something else', () => seal(identity, 'assignment', aNetworkMap([]))],
    ['is of another grid', () => seal(identity, 'network', aNetworkMap([], { grid: 'prod' }))],
  ])('that %s is refused', async (_, signed) => {
    const { agent } = await overlaid('node-1', 9);

    agent.send({ type: 'recalled-network', signed: signed() });

    expect((await agent.closed).code).toBe(4001);
  });

  /** Resolves when the condition holds, which nothing tells of but time. */
  async function after(condition: () => boolean): Promise<'nothing'> {
    while (!condition()) await new Promise(setImmediate);
    return 'nothing';
  }
});

describe('network reports', () => {
  const report = { version: 3, peers: [], findings: [] };

  it('are asked for in the challenge, and handed on with the name of their node', async () => {
    expect((await connect().greet()).capabilities).toContain('network-report');
    const { agent } = await joined();
    agent.send({ type: 'network-report', report });
    await until(() => reports.length > 0);
    expect(reports).toEqual([{ grid: 'demo', node: 'node-1', report }]);
  });

  it('are missed by nobody where an older agent sends none', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.observed === true);
    expect(reports).toEqual([]);
  });

  it('that are no reports end the session', async () => {
    const { agent } = await joined();
    agent.sendText(JSON.stringify({ type: 'network-report', report: { version: -1 } }));
    expect((await agent.closed).code).toBe(4000);
  });
});

describe('what a node tells of its host', () => {
  const report = {
    ports: [{ address: '0.0.0.0', port: 80, protocol: 'tcp' as const, container: 'nginx' }],
    volumes: ['shop-data'],
  };
  const known = () => fleet.observedState('demo', {}).nodes[0]?.host;

  it('is asked for in the challenge, and is what the planner sees from then on', async () => {
    expect((await connect().greet()).capabilities).toContain('host');
    const { agent } = await joined();
    agent.send({ type: 'host', report });
    await until(() => known() !== undefined);
    expect(known()).toEqual(report);
  });

  it('is kept while the node is away, and forgotten when it comes back with an older agent', async () => {
    const { agent, credential } = await joined();
    agent.send({ type: 'host', report });
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.online === true);
    agent.close();
    await until(() => fleet.get('demo', 'node-1')?.online === false);
    expect(known()).toEqual(report);

    const again = connect(agent.keys);
    await again.join({ kind: 'credential', credential });
    again.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.online === true);
    expect(known()).toBeUndefined();
  });

  it('is not known of an older agent, which is no fault', async () => {
    const { agent } = await joined();
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.observed === true);
    expect(known()).toBeUndefined();
  });

  it('ends the session where it is no report', async () => {
    const { agent } = await joined();
    agent.sendText(JSON.stringify({ type: 'host', report: { ports: [{ port: 0 }] } }));
    expect((await agent.closed).code).toBe(4000);
  });
});

describe('what an agent says of its engine', () => {
  const message = { type: 'engine', state: 'silent', lasting: 40_000, reason: 'gone' } as const;
  const engine = () => fleet.get('demo', 'node-1')?.engine;
  const view = () => fleet.observedState('demo', {}).nodes[0];

  it('is asked for in the challenge, and counted by the master’s clock', async () => {
    expect((await connect().greet()).capabilities).toContain('engine');
    const { agent } = await joined();
    const before = Date.now() - 40_000;
    agent.send({ ...message, disk: null });
    agent.observe({ complete: true });
    await until(() => fleet.get('demo', 'node-1')?.online === true);

    expect(engine()).toMatchObject({ state: 'silent', reason: 'gone', disk: null });
    expect(engine()?.since).toBeGreaterThanOrEqual(before);
    expect(view()?.engineSilence).toEqual({ since: engine()?.since, reason: 'gone' });
    expect(fleet.hasAbsent('demo')).toBe(true);

    agent.send({ ...message, state: 'ok', reason: null, disk: { free: 1, total: 2 } });
    await until(() => engine()?.state === 'ok');

    expect(engine()?.disk).toEqual({ free: 1, total: 2 });
    expect(view()?.engineSilence).toBeUndefined();
    expect(fleet.hasAbsent('demo')).toBe(false);
  });

  it('outlives its session, but not the next agent, which may not be able to say anything', async () => {
    const { agent, credential } = await joined();
    agent.send({ ...message, disk: null });
    await until(() => engine() !== undefined);
    agent.close();
    await until(() => !dispatcher.isConnected('demo', 'node-1'));
    expect(engine()?.state).toBe('silent');

    await connect(agent.keys).join({ kind: 'credential', credential });

    expect(engine()).toBeUndefined();
  });
});
