import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { GridError } from '../../src/model/error.ts';
import type { AgentMessage } from '../../src/protocol/agent.ts';
import {
  decodeAgentMessage,
  decodeAssignment,
  decodeMasterMessage,
  encode,
} from '../../src/protocol/codec.ts';
import { parseJoinToken, printJoinToken } from '../../src/protocol/join-token.ts';
import { aDelivery } from '../support/a-delivery.ts';
import {
  aHook,
  anAssignedInstance,
  anObservedInstance,
  aService,
  aSpec,
} from '../support/builders.ts';

const hello: AgentMessage = {
  type: 'hello',
  protocol: { min: 1, max: 1 },
  agentVersion: '0.1.0',
  capabilities: [],
  nonce: 'n'.repeat(32),
  publicKey: 'AAAA',
};

describe('the codec', () => {
  it('gives back what was encoded', () => {
    expect(decodeAgentMessage(encode(hello))).toEqual(hello);
  });

  it('tolerates unknown fields of a newer peer', () => {
    expect(() => decodeAgentMessage(JSON.stringify({ ...hello, mood: 'good' }))).not.toThrow();
  });

  it('refuses unknown types, and a master message where an agent speaks', () => {
    expect(() => decodeAgentMessage('{"type":"surprise"}')).toThrow('unknown type');
    expect(() => decodeAgentMessage('{"type":"resync","recall":false}')).toThrow('unknown type');
    expect(() => decodeMasterMessage('{"type":"__proto__"}')).toThrow('unknown type');
  });

  it('names the field at fault and never quotes the message', () => {
    const secret = 'hunter2';
    const broken = JSON.stringify({ ...hello, nonce: secret });

    expect(() => decodeAgentMessage(broken)).toThrow(/nonce/);
    expect(() => decodeAgentMessage(broken)).not.toThrow(secret);
  });

  it('throws a protocol violation, and nothing else, for any text', () => {
    const texts = fc.oneof(fc.string(), fc.json());
    fc.assert(
      fc.property(texts, (text) => {
        for (const decode of [decodeAgentMessage, decodeMasterMessage, decodeAssignment])
          try {
            decode(text);
          } catch (error) {
            expect(error).toBeInstanceOf(GridError);
          }
      }),
    );
  });
});

describe('the files of an assignment', () => {
  const delivery = aDelivery({ '': 'hello' });
  const [name = ''] = Object.keys(delivery.bundles);
  const [content = ''] = Object.keys(delivery.contents);
  const bundle = delivery.bundles[name];
  const decode = (files: unknown) =>
    decodeAssignment(
      JSON.stringify({
        grid: 'demo',
        node: 'node-1',
        generation: 1,
        roster: [],
        instances: [],
        kept: [],
        files,
      }),
    );

  it('are given back as they were sent, and may be none', () => {
    expect(decode(delivery).files).toEqual(delivery);
    expect(decode(undefined)).not.toHaveProperty('files');
  });

  it.each([
    ['a content that is too large', { ...delivery, contents: { [content]: 'A'.repeat(349_529) } }],
    ['a mode that is more than permissions', withFile({ mode: 0o4755 })],
    ['a content that is no digest', withFile({ content: '../../x' })],
    ['no owner at all', { ...delivery, bundles: { [name]: { files: [] } } }],
    ['no contents', { bundles: {} }],
  ])('are refused with %s', (_, files) => {
    expect(() => decode(files)).toThrow(/^assignment \/files/);
  });

  function withFile(overrides: object) {
    const files = bundle?.files.map((file) => ({ ...file, ...overrides }));
    return { ...delivery, bundles: { [name]: { ...bundle, files } } };
  }
});

describe('accounts at registries on the wire', () => {
  const accounts = { 'a.io': { username: 'deploy', password: 'a mark' } };
  const text = (registries: unknown) =>
    JSON.stringify({
      grid: 'demo',
      node: 'node-1',
      generation: 1,
      roster: [],
      instances: [],
      kept: [],
      registries,
    });

  it('survive the codec', () => {
    expect(decodeAssignment(text(accounts)).registries).toEqual(accounts);
    expect(decodeAssignment(text(undefined)).registries).toBeUndefined();
  });

  it('are refused where they are none', () => {
    expect(() => decodeAssignment(text({ 'a.io': { username: 'deploy' } }))).toThrow(
      /^assignment \/registries/,
    );
  });
});

describe('hooks on the wire', () => {
  const hook = aHook('pre-start', 'migrate', { instances: [1], env: { A: 'b' } });
  const service = aService({ spec: aSpec({ hooks: [hook] }) });
  const assignment = (overrides: object = {}) =>
    JSON.stringify({
      grid: 'demo',
      node: 'node-1',
      generation: 1,
      roster: [],
      instances: [{ ...anAssignedInstance(service), ...overrides }],
      kept: [],
    });
  const observation = (doneHooks: unknown) =>
    JSON.stringify({
      type: 'observation',
      sequence: 1,
      complete: true,
      generation: 1,
      instances: [{ ...anObservedInstance(), doneHooks }],
      gone: [],
    });

  it('survive the codec', () => {
    const [instance] = decodeAssignment(assignment({ doneHooks: ['pre-start/seed'] })).instances;

    expect(instance?.spec.hooks).toEqual([hook]);
    expect(instance?.doneHooks).toEqual(['pre-start/seed']);
    expect(decodeAgentMessage(observation(['pre-start/seed']))).toMatchObject({
      instances: [{ doneHooks: ['pre-start/seed'] }],
    });
  });

  it('may be missing: an older peer has none', () => {
    expect(() => decodeAssignment(assignment({ spec: aSpec() }))).not.toThrow();
    expect(() => decodeAgentMessage(observation(undefined))).not.toThrow();
  });

  it.each([
    ['a list of too many', Array.from({ length: 2_001 }, () => 'a')],
    ['a text that is too long', ['x'.repeat(301)]],
    ['no list', 'pre-start/seed'],
    ['no texts', [1]],
  ])('are refused as %s', (_, doneHooks) => {
    expect(() => decodeAgentMessage(observation(doneHooks))).toThrow('doneHooks');
    expect(() => decodeAssignment(assignment({ doneHooks }))).toThrow('doneHooks');
  });

  it('are refused with a kind that nobody knows', () => {
    const spec = aSpec({ hooks: [{ ...hook, kind: 'pre-build' as never }] });

    expect(() => decodeAssignment(assignment({ spec }))).toThrow('hooks');
  });
});

describe('a join token', () => {
  it('is read back as it was printed', () => {
    const token = { grid: 'demo', secret: 's'.repeat(43), fingerprint: 'a'.repeat(64) };

    expect(parseJoinToken(`${printJoinToken(token)}\n`)).toEqual(token);
  });

  it('that is none is refused without being quoted', () => {
    expect(() => parseJoinToken('gj1.demo.short.x')).toThrow('not a join token');
    expect(() => parseJoinToken('gj1.demo.short.x')).not.toThrow('short');
  });
});

describe('a network report on the wire', () => {
  const peer = {
    node: 2,
    way: 'relay',
    relay: 3,
    endpoint: '[2001:db8::1]:6783',
    roundTrip: 0.4,
    fullSize: null,
  };
  const finding = { severity: 'warning', code: 'underlay-mtu', message: 'm', hint: 'h' };
  const report = { version: 4, peers: [peer], findings: [finding] };

  function decoded(changed: object) {
    return decodeAgentMessage(
      JSON.stringify({ type: 'network-report', report: { ...report, ...changed } }),
    );
  }

  it('survives the codec', () => {
    expect(decoded({})).toEqual({ type: 'network-report', report });
  });

  it.each([
    ['a way that nobody knows', { peers: [{ ...peer, way: 'magic' }] }],
    ['a peer without a number', { peers: [{ ...peer, node: 0 }] }],
    ['a time before it began', { peers: [{ ...peer, roundTrip: -1 }] }],
    ['more peers than there can be', { peers: Array.from({ length: 10_001 }, () => peer) }],
    ['more findings than anybody reads', { findings: Array.from({ length: 101 }, () => finding) }],
    ['a message without end', { findings: [{ ...finding, message: 'm'.repeat(1_001) }] }],
    ['no version', { version: null }],
  ])('is refused with %s', (_what, changed) => {
    expect(() => decoded(changed)).toThrow('network-report');
  });
});

describe('a host report on the wire', () => {
  const taken = { address: '::', port: 53, protocol: 'udp', container: 'dns' };
  const report = {
    ports: [taken, { ...taken, container: null }, { ...taken, node: 'b' }],
    volumes: ['shop-data'],
  };

  function decoded(changed: object) {
    return decodeAgentMessage(JSON.stringify({ type: 'host', report: { ...report, ...changed } }));
  }

  it('survives the codec', () => {
    expect(decoded({})).toEqual({ type: 'host', report });
  });

  it('may hold what only a newer agent knows', () => {
    expect(() => decoded({ freeDisk: 12 })).not.toThrow();
  });

  it.each([
    ['a port that there is not', { ports: [{ ...taken, port: 65_536 }] }],
    ['a protocol that nobody knows', { ports: [{ ...taken, protocol: 'quic' }] }],
    ['more ports than there can be', { ports: Array.from({ length: 10_001 }, () => taken) }],
    ['a container that is no name', { ports: [{ ...taken, container: 1 }] }],
    ['a name without end', { volumes: ['v'.repeat(256)] }],
    ['more volumes than anybody has', { volumes: Array.from({ length: 10_001 }, () => 'v') }],
    ['no volumes', { volumes: null }],
  ])('is refused with %s', (_what, changed) => {
    expect(() => decoded(changed)).toThrow('host');
  });
});
