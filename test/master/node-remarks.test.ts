import { describe, expect, it } from 'vitest';
import { NodeRemarks } from '../../src/master/node-remarks.ts';

const kinds = (remarks: readonly { readonly kind: string }[]) => remarks.map(({ kind }) => kind);

describe('a node whose agent is older than the master', () => {
  it('is remarked on once for each version', () => {
    const remarks = new NodeRemarks('1.2.0');
    const greet = (version: string) => kinds(remarks.greet('a', { skew: 0, version }));

    expect(greet('1.1.9')).toEqual(['agent-outdated']);
    expect(remarks.of('a')).toEqual({ skewSeconds: 0, outdated: true });
    expect(greet('1.1.9')).toEqual([]);
    expect(greet('1.2.0-rc.1')).toEqual(['agent-outdated']);
    expect(greet('1.2.0')).toEqual([]);
    expect(remarks.of('a')).toEqual({ skewSeconds: 0 });
  });

  it('is not one that is newer, or says nothing that is a version', () => {
    const remarks = new NodeRemarks('1.2.0');
    for (const version of ['1.10.0', '2.0.0', 'main', ''])
      expect(remarks.greet('a', { skew: 0, version })).toEqual([]);
  });
});

describe('a node whose clock is off', () => {
  it('is remarked on with how far, and when it is right again', () => {
    const remarks = new NodeRemarks('1.2.0');
    const [skewed] = remarks.greet('a', { skew: 90_000, version: '1.2.0' });
    expect(skewed?.message).toContain("90 s ahead of the master's");
    for (let beat = 0; beat < 3; beat += 1) expect(remarks.clocked('a', 0)).toEqual([]);
    expect(kinds(remarks.clocked('a', 0))).toEqual(['clock-right']);
    remarks.left('a');
    expect(remarks.of('a')).toEqual({});
  });
});
