import { describe, expect, it } from 'vitest';
import { type Packet, parseFilter, verdictOf } from '../../src/agent/packet-filter.ts';

const UDP: Packet = { protocol: 'udp', port: 6783, source: '192.0.2.7', in: 'eth0', out: null };

function filter(policy: string, ...rules: string[]) {
  const chains = [...new Set(rules.map((rule) => rule.split(' ')[1]))].filter(
    (chain) => chain !== 'INPUT',
  );
  const head = [`:INPUT ${policy} [0:0]`, ...chains.map((chain) => `:${chain} - [0:0]`)];
  return parseFilter(['*filter', ...head, ...rules, 'COMMIT'].join('\n'));
}

function kindOf(policy: string, rules: readonly string[], packet = UDP): string {
  return verdictOf(filter(policy, ...rules), 'INPUT', packet).kind;
}

const UFW = [
  '-A INPUT -j ufw-before-input',
  '-A INPUT -j ufw-after-input',
  '-A ufw-before-input -i lo -j ACCEPT',
  '-A ufw-before-input -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT',
  '-A ufw-before-input -m conntrack --ctstate INVALID -j DROP',
  '-A ufw-before-input -p udp -m udp --sport 67 --dport 68 -j ACCEPT',
  '-A ufw-before-input -j ufw-not-local',
  '-A ufw-before-input -j ufw-user-input',
  '-A ufw-not-local -m addrtype --dst-type LOCAL -j RETURN',
  '-A ufw-not-local -m limit --limit 3/min -j LOG --log-prefix "[UFW BLOCK] "',
  '-A ufw-not-local -j DROP',
  '-A ufw-user-input -p tcp -m tcp --dport 22 -j ACCEPT',
];

describe('a packet filter', () => {
  it('of which nothing is known lets everything in', () => {
    expect(verdictOf(parseFilter(''), 'INPUT', UDP).kind).toBe('accept');
  });

  it('with the policy DROP drops what no rule names, and says where', () => {
    expect(verdictOf(filter('DROP'), 'INPUT', UDP)).toEqual({ kind: 'drop', where: 'INPUT' });
  });

  it('as ufw makes it drops our port until it is allowed', () => {
    expect(kindOf('DROP', UFW)).toBe('drop');
    expect(kindOf('DROP', [...UFW, '-A ufw-user-input -p udp -m udp --dport 6783 -j ACCEPT'])).toBe(
      'accept',
    );
    const many = '-A ufw-user-input -p udp -m multiport --dports 6783:6785 -j ACCEPT';
    expect(kindOf('DROP', [...UFW, many])).toBe('accept');
  });

  it.each([
    ['its source', '-A INPUT -s 192.0.2.0/24 -p udp -j ACCEPT', 'accept'],
    ['another source', '-A INPUT -s 198.51.100.0/24 -p udp -j ACCEPT', 'drop'],
    ['all but its source', '-A INPUT ! -s 192.0.2.0/24 -p udp -j ACCEPT', 'drop'],
    ['its device', '-A INPUT -i eth0 -j ACCEPT', 'accept'],
    ['another device', '-A INPUT -i docker0 -j ACCEPT', 'drop'],
    ['devices of its kind', '-A INPUT -i eth+ -j ACCEPT', 'accept'],
    ['another protocol', '-A INPUT -p tcp -j ACCEPT', 'drop'],
    ['answers', '-A INPUT -m conntrack --ctstate ESTABLISHED -j ACCEPT', 'drop'],
    [
      'something that is not understood',
      '-A INPUT -m set --match-set friends src -j ACCEPT',
      'maybe',
    ],
  ])('goes by a rule for %s', (_what, rule, kind) => {
    expect(kindOf('DROP', [rule])).toBe(kind);
  });

  it('is never said to drop because of a rule that is not understood', () => {
    expect(kindOf('ACCEPT', ['-A INPUT -m set --match-set foes src -j DROP'])).toBe('accept');
  });

  it('ends for text in circles, of whatever kind', () => {
    expect(kindOf('DROP', ['-A INPUT -j a', '-A a -j b', '-A b -j a'])).toBe('maybe');
    expect(kindOf('DROP', ['-A INPUT', '-A INPUT -j', '-A INPUT -p', '-A INPUT ! ! !'])).toBe(
      'drop',
    );
  });

  it('is read from the table filter alone', () => {
    const text =
      '*nat\n:INPUT DROP [0:0]\n-A INPUT -j DROP\nCOMMIT\n*filter\n:INPUT ACCEPT [0:0]\nCOMMIT';
    expect(verdictOf(parseFilter(text), 'INPUT', UDP).kind).toBe('accept');
  });
});
