import { describe, expect, it } from 'vitest';
import { isInPlace, noRules, restoreText, ruleTables } from '../../src/overlay/rules.ts';
import { parseChains } from '../../src/overlay/seen-rules.ts';
import { aNetworkMap } from '../support/a-network-map.ts';
import { aNode } from './a-map.ts';

const [self, peer] = [aNode(1), aNode(2)];
const map = aNetworkMap([self, peer], { trustedSubnets: ['192.168.0.0/24'] });
const [filter, raw, filter6] = ruleTables(map, self, [peer]);

function rulesOf(table: typeof filter, chain: string): readonly string[] {
  return table?.chains.find(({ name }) => name === chain)?.rules ?? [];
}

describe('the guard', () => {
  it('lets frames in from tunnels and trusted peers, and from nobody else', () => {
    const vxlan = rulesOf(filter, 'GRIDOPS-IN').filter((rule) => rule.includes('6784'));

    expect(vxlan).toEqual([
      '-i gridops-wg -p udp -m udp --dport 6784 -j ACCEPT',
      '-s 192.168.0.2/32 -p udp -m udp --dport 6784 -j ACCEPT',
      '-p udp -m udp --dport 6784 -j DROP',
    ]);
    expect(rulesOf(filter6, 'GRIDOPS-IN')[0]).toBe('-p udp -m udp --dport 6784 -j DROP');
  });

  it('lets peers ask whether this host is there, and nothing else of it', () => {
    const tunnel = rulesOf(filter, 'GRIDOPS-IN').filter((rule) => rule.startsWith('-i gridops-wg'));

    expect(tunnel.slice(1)).toEqual([
      '-i gridops-wg -p icmp -j ACCEPT',
      '-i gridops-wg -p udp -m udp --dport 9 -j ACCEPT',
      '-i gridops-wg -j DROP',
    ]);
  });

  it('lets nodes alone tell of their names', () => {
    const zone = rulesOf(filter, 'GRIDOPS-IN').filter((rule) => rule.includes('6785'));

    expect(zone).toEqual([
      '-s 10.81.0.0/18 -i gridops0 -p tcp -m tcp --dport 6785 -j ACCEPT',
      '-i gridops0 -p tcp -m tcp --dport 6785 -j DROP',
    ]);
  });

  it('passes on from tunnel to tunnel, and nothing else into or out of them', () => {
    expect(rulesOf(filter, 'GRIDOPS-FORWARD').slice(0, 3)).toEqual([
      '-s 10.83.0.0/16 -d 10.83.0.0/16 -i gridops-wg -o gridops-wg -j ACCEPT',
      '-i gridops-wg -j DROP',
      '-o gridops-wg -j DROP',
    ]);
  });

  it('keeps addresses of the grid to the devices of the grid', () => {
    expect(rulesOf(raw, 'GRIDOPS-PRE')).toContain('-d 10.81.0.0/16 ! -i gridops0 -j DROP');
  });
});

describe('a table', () => {
  if (raw === undefined) throw new Error('there is no such table');
  const inPlace = raw.chains[0]?.rules.map((rule) => `-A GRIDOPS-PRE ${rule}`).join('\n') ?? '';

  it('is in place when its rules are there and are come to first', () => {
    const jump = '-A PREROUTING -j GRIDOPS-PRE';

    expect(isInPlace(raw, parseChains(`${jump}\n${inPlace}`))).toBe(true);
    expect(isInPlace(raw, parseChains(inPlace))).toBe(false);
    expect(isInPlace(raw, parseChains(`-A PREROUTING -j X\n${jump}\n${inPlace}`))).toBe(false);
    expect(isInPlace(raw, parseChains(`${jump}\n${jump}\n${inPlace}`))).toBe(false);
    expect(isInPlace(raw, parseChains(`${jump}\n${inPlace}\n-A GRIDOPS-PRE -j X`))).toBe(false);
  });

  it('takes away all ways to its chain before it makes one', () => {
    const seen = parseChains('-A PREROUTING -j GRIDOPS-PRE\n-A PREROUTING -i x -j GRIDOPS-PRE');

    expect(restoreText(raw, seen).split('\n').slice(-5)).toEqual([
      '-D PREROUTING -j GRIDOPS-PRE',
      '-D PREROUTING -i x -j GRIDOPS-PRE',
      '-I PREROUTING -j GRIDOPS-PRE',
      'COMMIT',
      '',
    ]);
  });

  it('leaves nothing behind when nothing is wanted', () => {
    const [empty] = noRules;
    if (empty === undefined) throw new Error('there is no such table');
    const seen = parseChains('-A INPUT -j GRIDOPS-IN\n-N GRIDOPS-IN\n-N DOCKER');

    expect(restoreText(empty, seen)).toBe(
      '*filter\n-D INPUT -j GRIDOPS-IN\n-F GRIDOPS-IN\n-X GRIDOPS-IN\nCOMMIT\n',
    );
    expect(isInPlace(empty, parseChains('-N DOCKER'))).toBe(true);
  });
});
