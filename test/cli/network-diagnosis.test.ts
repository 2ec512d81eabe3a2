import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { diagnose } from '../../src/cli/network-diagnosis.ts';
import type { NetworkStatus } from '../../src/protocol/network-api.ts';
import { NOW } from '../http/fake-operations.ts';
import { aMesh, aNetwork, aNodeNetwork } from './a-network.ts';

const lost = { way: 'none', roundTrip: null, fullSize: null } as const;

function codes(status: NetworkStatus): readonly string[] {
  return diagnose(status).map(({ severity, at, code }) => `${severity} ${at} ${code}`);
}

function between(a: number, b: number) {
  return (from: number, to: number) => (from + to === a + b && from * to === a * b ? lost : {});
}

describe('a grid', () => {
  it('whose nodes all reach each other has nothing wrong', () => {
    expect(codes(aMesh(4))).toEqual([]);
    expect(codes(aMesh(1))).toEqual([]);
    expect(codes(aNetwork([]))).toEqual([]);
  });

  it('has the findings of its nodes, the worst first', () => {
    const found = (severity: 'error' | 'info', code: string) => [
      { severity, code, message: 'm', hint: 'h' },
    ];
    const status = aMesh(2, undefined, (number) => ({
      findings: number === 1 ? found('info', 'live-restore-off') : found('error', 'icc-off'),
    }));
    expect(codes(status)).toEqual(['error node-2 icc-off', 'info node-1 live-restore-off']);
  });

  it('without a map says whether one can be expected', () => {
    const bridge = aNodeNetwork(1, { mode: 'bridge', number: null, report: null });
    expect(codes(aNetwork([bridge], { map: null }))).toEqual([
      'info  no-network',
      'info node-1 no-overlay',
    ]);
  });
});

describe('a node', () => {
  it.each([
    ['is offline', { status: 'offline' }, 'warning node-1 node-offline'],
    ['is too old', { mode: null }, 'error node-1 agent-too-old'],
    ['has no overlay', { mode: 'bridge', reason: 'no wg' }, 'error node-1 no-overlay'],
    ['wants no overlay', { mode: 'none' }, 'info node-1 no-overlay'],
    ['has no place', { number: null }, 'error node-1 not-in-network'],
    ['says nothing', { report: null }, 'warning node-1 no-report'],
    [
      'said something long ago',
      { report: { at: NOW - 600_000, version: 4, peers: [], findings: [] } },
      'warning node-1 no-report',
    ],
    [
      'goes by an older map',
      { report: { at: NOW, version: 3, peers: [], findings: [] } },
      'warning node-1 map-behind',
    ],
  ] as const)('that %s', (_how, fields, expected) => {
    const status = aMesh(2, undefined, (number) => (number === 1 ? fields : {}));
    expect(codes(status)).toEqual([expected]);
  });

  it('that is away is not said to be out of reach', () => {
    const status = aMesh(3, between(1, 2), (number) => (number === 1 ? { status: 'offline' } : {}));
    expect(codes(status)).toEqual(['warning node-1 node-offline']);
  });

  it('that nobody reaches is one finding, not one for each peer', () => {
    const status = aMesh(5, (from, to) => (from === 3 || to === 3 ? lost : {}));
    const [finding, ...others] = diagnose(status);
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ at: 'node-3', severity: 'error', code: 'node-cut-off' });
    expect(finding?.hint).toContain('Open UDP 6783 on node-3');
  });
});

describe('two nodes', () => {
  it('without a way: what was tried, and what to open', () => {
    const [finding] = diagnose(aMesh(3, between(1, 2)));
    expect(finding).toMatchObject({ at: 'node-1 ↔ node-2', code: 'pair-without-way' });
    expect(finding?.message).toContain('node-2 at 10.77.0.2');
    expect(finding?.hint).toContain('UDP 6783 on node-1 and UDP 6783 on node-2');
  });

  it('without a way, and one of them knows why', () => {
    const blocked = {
      severity: 'error',
      code: 'udp-port-blocked',
      message: 'm',
      hint: 'h',
    } as const;
    const status = aMesh(3, between(1, 2), (n) => (n === 2 ? { findings: [blocked] } : {}));
    const finding = diagnose(status).find(({ code }) => code === 'pair-without-way');
    expect(finding?.hint).toBe('First mend udp-port-blocked on node-2.');
  });

  it('both behind NAT need a third one', () => {
    const status = aMesh(3, between(1, 2), (n) => (n < 3 ? { behindNat: true } : {}));
    expect(diagnose(status)[0]?.hint).toContain('Both are behind NAT');
    const one = aMesh(3, between(1, 2), (n) => (n === 1 ? { behindNat: true } : {}));
    expect(diagnose(one)[0]?.hint).toContain('Open UDP 6783 on node-2, and');
  });

  it('of which one does not hear the other', () => {
    const [finding, ...others] = diagnose(
      aMesh(3, (from, to) => (from === 2 && to === 1 ? lost : {})),
    );
    expect(others).toEqual([]);
    expect(finding).toMatchObject({ code: 'pair-one-way' });
    expect(finding?.message).toContain('node-1 says it reaches node-2, node-2 does not hear it');
  });

  it('of which only one tells anything', () => {
    const status = aMesh(3, between(1, 2), (n) => (n === 2 ? { report: null } : {}));
    expect(codes(status)).toContain('error node-1 ↔ node-2 pair-without-way');
  });

  it('lose large packets in one direction, or in both', () => {
    const one = aMesh(3, (from, to) => (from === 2 && to === 1 ? { fullSize: false } : {}));
    expect(diagnose(one)).toMatchObject([{ code: 'full-size-lost' }]);
    expect(diagnose(one)[0]?.message).toContain('from node-2 to node-1');
    const both = aMesh(3, (from, to) => (from + to === 3 ? { fullSize: false } : {}));
    expect(diagnose(both)[0]?.message).toContain('in both directions');
  });

  it('by way of a third one are worth a note', () => {
    const status = aMesh(3, (from, to) => (from + to === 3 ? { way: 'relay', relay: 3 } : {}));
    const [finding] = diagnose(status);
    expect(finding).toMatchObject({ severity: 'info', code: 'pair-by-relay' });
    expect(finding?.message).toContain('node-1 ↔ node-2 by node-3');
  });
});

it('254 nodes are compared in a moment', () => {
  const status = aMesh(254, (from, to) => ((from + to) % 7 === 0 ? lost : {}));
  const began = performance.now();
  diagnose(status);
  expect(performance.now() - began).toBeLessThan(20_000);
});

it('every finding is explained in the documentation', () => {
  const root = new URL('../../', import.meta.url);
  const sources = [
    'src/agent/network-findings.ts',
    'src/agent/firewall-findings.ts',
    'src/agent/engine-findings.ts',
    'src/cli/network-diagnosis.ts',
    'src/cli/network-pairs.ts',
  ];
  const page = readFileSync(new URL('docs/network-doctor.md', root), 'utf8');
  const known = sources.flatMap((file) =>
    [...readFileSync(new URL(file, root), 'utf8').matchAll(/code: '([a-z-]+)'/g)].map(
      ([, code]) => code,
    ),
  );
  expect(known.length).toBeGreaterThan(20);
  expect(known.filter((code) => !page.includes(`\`${code}\``))).toEqual([]);
});
