import { describe, expect, test } from 'vitest';
import { isAddress, parseSubnet } from '../../src/manifest/addresses.ts';
import { parseAffinity } from '../../src/manifest/affinity.ts';
import { parseByteSize } from '../../src/manifest/byte-size.ts';
import { splitCommand } from '../../src/manifest/command.ts';
import { parseDuration } from '../../src/manifest/durations.ts';
import { parseImage } from '../../src/manifest/image.ts';
import { parseLink } from '../../src/manifest/links.ts';
import { parseMountText } from '../../src/manifest/mount-wish.ts';
import { parseNetworkMode } from '../../src/manifest/network-mode.ts';
import { parseExposed, parsePorts } from '../../src/manifest/ports.ts';

describe('affinity', () => {
  test.each([
    ['node==web-1', { key: 'node', negated: false, soft: false, value: 'web-1' }],
    ['node!=web-%s', { key: 'node', negated: true, soft: false, value: 'web-%s' }],
    ['label==~ssd', { key: 'label', negated: false, soft: true, value: 'ssd' }],
    ['label==region=eu', { key: 'label', negated: false, soft: false, value: 'region=eu' }],
    ['label!=a==b', { key: 'label', negated: true, soft: false, value: 'a==b' }],
    ['service!=~/web-.*/', { key: 'service', negated: true, soft: true, value: '/web-.*/' }],
    ['container==shop.db-1', { key: 'container', negated: false, soft: false, value: 'shop.db-1' }],
  ])('%s is read', (text, value) => expect(parseAffinity(text)).toEqual({ value }));

  test.each([
    '',
    'node',
    'node=web',
    'nodes==web',
    '==web',
    'node==',
    'node== web',
    'abc==dfg',
    'label==/(/',
  ])('%j is refused', (text) => expect(parseAffinity(text).fault?.code).toBe('bad-affinity'));

  test('a misspelt key is suggested', () => {
    expect(parseAffinity('nodes==web').fault?.hint).toBe('Did you mean "node"?');
  });
});

describe('exposed port', () => {
  test.each([
    ['3000', ['3000/tcp']],
    ['53/UDP', ['53/udp']],
    ['8000-8002', ['8000/tcp', '8001/tcp', '8002/tcp']],
  ])('%s is read', (text, value) => expect(parseExposed(text)).toEqual({ value }));

  test.each(['', '0', '80:80', '5-1', '1-5000', '80/icmp', 'web'])('%j is refused', (text) => {
    expect(parseExposed(text).fault?.code).toBe('bad-port');
  });
});

describe('port range', () => {
  test('is as many ports, each with its own', () => {
    expect(parsePorts('8000-8002:9000-9002/udp').value).toMatchObject([
      { nodePort: 8000, containerPort: 9000, protocol: 'udp' },
      { nodePort: 8001, containerPort: 9001 },
      { nodePort: 8002, containerPort: 9002 },
    ]);
  });
});

describe('port', () => {
  test.each([
    ['80:8080', { ip: null, nodePort: 80, containerPort: 8080, protocol: 'tcp' }],
    ['53:53/udp', { ip: null, nodePort: 53, containerPort: 53, protocol: 'udp' }],
    [
      '127.0.0.1:1:65535/TCP',
      { ip: '127.0.0.1', nodePort: 1, containerPort: 65535, protocol: 'tcp' },
    ],
    [':80:80', { ip: null, nodePort: 80, containerPort: 80, protocol: 'tcp' }],
    ['0.0.0.0:80:80', { ip: '0.0.0.0', nodePort: 80, containerPort: 80, protocol: 'tcp' }],
  ])('%s is read', (text, value) => expect(parsePorts(text)).toEqual({ value: [value] }));

  test.each([
    ['80', /only one port/],
    ['80/udp', /only one port/],
    ['8000-8010:80', /ranges of different lengths/],
    ['8000-8010', /only one port/],
    ['10-5:10-5', /outside/],
    ['1-2000:1-2000', /at most 1000/],
    ['0:80', /outside/],
    ['80:65536', /outside/],
    ['80:80/icmp', /protocol/],
    ['300.0.0.1:80:80', /IPv4/],
    ['localhost:80:80', /IPv4/],
    ['[::1]:80:80', /IPv6/],
    ['1.2.3.4:80', /not a port/],
    ['1.2.3.4::80', /leaves the port on the node to chance/],
    ['::80', /leaves the port on the node to chance/],
    ['', /not a port/],
    ['eighty:80', /not a port/],
  ])('%j is refused', (text, reason) => {
    expect(parsePorts(text).fault).toMatchObject({
      code: 'bad-port',
      message: expect.stringMatching(reason),
    });
  });
});

describe('mount', () => {
  const wish = (fields: object) => ({ source: '', readOnly: null, ignored: [], ...fields });

  test.each([
    ['/var/lib', { kind: 'anonymous', target: '/var/lib' }],
    ['/srv:/in', { kind: 'bind', source: '/srv', target: '/in' }],
    ['/srv:/in:ro', { kind: 'bind', source: '/srv', target: '/in', readOnly: true }],
    ['./a.conf:/in', { kind: 'bind', source: './a.conf', target: '/in' }],
    ['../a:/in', { kind: 'bind', source: '../a', target: '/in' }],
    ['.:/in', { kind: 'bind', source: '.', target: '/in' }],
    ['~/a:/in', { kind: 'bind', source: '~/a', target: '/in' }],
    ['data:/x:rw', { kind: 'volume', source: 'data', target: '/x', readOnly: false }],
    ['data:/x:nocopy', { kind: 'volume', source: 'data', target: '/x', noCopy: true }],
    ['/srv:/in:z', { kind: 'bind', source: '/srv', target: '/in', selinux: 'z' }],
    [
      '/srv:/in:ro,Z,rslave,cached',
      {
        kind: 'bind',
        source: '/srv',
        target: '/in',
        readOnly: true,
        selinux: 'Z',
        propagation: 'rslave',
        ignored: ['cached'],
      },
    ],
  ])('%s is read', (text, value) => expect(parseMountText(text)).toEqual({ value: wish(value) }));

  test.each([
    ['data', /absolute path/],
    ['', /absolute path/],
    ['/', /hide everything/],
    ['data:x', /absolute path/],
    [':/x', /before the colon/],
    ['a/b:/x', /"\.\/a\/b"/],
    ['data:/x:fast', /"fast"/],
    ['data:/x:ro,rw', /both "ro" and "rw"/],
    ['/srv:/x:shared,slave', /both "shared" and "slave"/],
    ['data:/x:ro:rw', /too many colons/],
  ])('%j is refused', (text, reason) => {
    expect(parseMountText(text).fault).toMatchObject({
      code: 'bad-volume',
      message: expect.stringMatching(reason),
    });
  });
});

describe('network mode', () => {
  test.each(['bridge', 'host', 'none'])('%s is read', (text) => {
    expect(parseNetworkMode(text)).toEqual({ value: text });
  });

  test.each([
    ['service:db', 'not-supported-yet'],
    ['container:abc', 'not-supported-yet'],
    ['brigde', 'wrong-value'],
    ['', 'wrong-value'],
  ])('%j is refused', (text, code) => expect(parseNetworkMode(text).fault?.code).toBe(code));
});

describe('duration', () => {
  test.each([
    ['10', 10],
    ['0', 0],
    ['0s', 0],
    ['10s', 10],
    ['1m30s', 90],
    ['5min', 300],
    ['2h', 7_200],
    ['1d', 86_400],
    ['500ms', 1],
    ['7000ms', 7],
    ['1.5m', 90],
    ['1.2s', 2],
  ])('%s is %i seconds', (text, value) => expect(parseDuration(text)).toEqual({ value }));

  test.each(['', 's', '10x', '1m 30s', '-1s', '1.s', '31d', 'm1', '1e3s', '1m30'])(
    '%j is refused',
    (text) => {
      expect(parseDuration(text).fault?.code).toBe('bad-duration');
    },
  );
});

describe('byte size', () => {
  test.each([
    ['512m', 536_870_912],
    ['512M', 536_870_912],
    ['1g', 1_073_741_824],
    ['1.5g', 1_610_612_736],
    ['64kb', 65_536],
    ['64 KB', 65_536],
    ['100', 100],
    ['100b', 100],
    ['0', 0],
  ])('%s is %i bytes', (text, value) => expect(parseByteSize(text)).toEqual({ value }));

  test.each(['', 'm', '512mib', '-1', '1e3', '512 m b', '1t', '999999999999999g'])(
    '%j is refused',
    (text) => {
      expect(parseByteSize(text).fault?.code).toBe('bad-size');
    },
  );
});

describe('command line', () => {
  test.each([
    ['redis-server --appendonly yes', ['redis-server', '--appendonly', 'yes']],
    [`sh -c 'echo "$HOME" now'`, ['sh', '-c', 'echo "$HOME" now']],
    ['a "b c" d', ['a', 'b c', 'd']],
    ['"a \\" b" \\"', ['a " b', '"']],
    ['"\\n stays" "\\$x"', ['\\n stays', '$x']],
    [`a"b"'c'd`, ['abcd']],
    ['a\\ b', ['a b']],
    [`'' ""`, ['', '']],
    ['  a   b\t\nc ', ['a', 'b', 'c']],
    ['', []],
    ['   ', []],
  ])('%j is split', (text, value) => expect(splitCommand(text)).toEqual({ value }));

  test.each([`it's`, '"open', 'end\\', '"a\\'])('%j is refused', (text) => {
    expect(splitCommand(text).fault?.code).toBe('bad-command');
  });

  test('a long quoted word is no trouble', () => {
    const word = 'x\\"'.repeat(40_000);
    expect(splitCommand(`"${word}"`).value?.[0]).toHaveLength(80_000);
    expect(splitCommand(`"${word}`).fault?.code).toBe('bad-command');
  });
});

describe('image', () => {
  const digest = `sha256:${'0a'.repeat(32)}`;
  test.each([
    ['nginx', 'nginx:latest'],
    ['nginx:1.27', 'nginx:1.27'],
    ['acme/web', 'acme/web:latest'],
    ['registry.local:5000/web', 'registry.local:5000/web:latest'],
    ['registry.local:5000/acme/web:1', 'registry.local:5000/acme/web:1'],
    ['localhost/web', 'localhost/web:latest'],
    [`nginx@${digest}`, `nginx@${digest}`],
    [`nginx:1@${digest}`, `nginx:1@${digest}`],
    ['a__b--c.d', 'a__b--c.d:latest'],
  ])('%s becomes %s', (text, value) => expect(parseImage(text)).toEqual({ value }));

  test.each([
    '',
    'Nginx',
    'nginx:',
    'nginx latest',
    ':1',
    'nginx@sha256:12',
    '-nginx',
    'nginx\n',
    'a//b',
  ])('%j is refused', (text) => expect(parseImage(text).fault?.code).toBe('bad-image'));
});

describe('link', () => {
  test.each([
    ['db', { stack: 'shop', service: 'db', alias: null }],
    ['db:database', { stack: 'shop', service: 'db', alias: 'database' }],
    ['infra/lb', { stack: 'infra', service: 'lb', alias: null }],
    ['infra/lb:front', { stack: 'infra', service: 'lb', alias: 'front' }],
  ])('%s is read', (text, value) => expect(parseLink(text, 'shop')).toEqual({ value }));

  test.each(['', '/', 'a/b/c', 'a:b:c', 'SHOP/db', '../db', 'infra/'])('%j is refused', (text) => {
    expect(parseLink(text, 'shop').fault?.code).toBe('bad-link');
  });
});

describe('addresses', () => {
  test.each([
    ['10.0.0.1', true],
    ['0.0.0.0', true],
    ['256.0.0.1', false],
    ['10.0.0', false],
    ['010.0.0.1', false],
    ['10.0.0.1.1', false],
    ['::1', false],
  ])('%s is an address: %s', (text, expected) => expect(isAddress(text)).toBe(expected));

  test.each(['10.81.0.0/16', '192.168.7.0/24', '0.0.0.0/0', '10.0.0.1/32'])(
    '%s is a subnet',
    (text) => {
      expect(parseSubnet(text)).toEqual({ value: text });
    },
  );

  test.each(['10.81.0.1/16', '10.81.0.0', '10.81.0.0/33', '10.81.0.0/', '10.81.0.0/16/1', 'x/16'])(
    '%j is refused',
    (text) => expect(parseSubnet(text).fault?.code).toBe('bad-subnet'),
  );
});
