import { createPrivateKey, createPublicKey } from 'node:crypto';
import { readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { readWorkingTree } from '../../src/cli/working-tree.ts';
import { createCompiler } from '../../src/manifest/compile.ts';
import type { Service } from '../../src/model/grid.ts';
import { NOW } from '../http/fake-operations.ts';
import { type SealedRepository, withRepository } from './sealed-repository.ts';
import { EXIT } from './test-cli.ts';

const STACK = 'grids/demo/stacks/vpn/kontena.yml';
const PEOPLE = 'grids/demo/stacks/vpn/people.yml';
const create = [
  'vpn',
  'create',
  '--grid',
  'demo',
  '--node',
  'edge-1',
  '--endpoint',
  'vpn.example.com',
];
const DAY = 86_400_000;

/** A working tree in which there is a VPN. */
async function withVpn(
  use: (repository: SealedRepository & { readonly people: () => Promise<string> }) => Promise<void>,
  files: Readonly<Record<string, string>> = {},
): Promise<void> {
  await withRepository(files, async (repository) => {
    expect(await repository.run(create)).toMatchObject({ code: EXIT.done });
    const people = async () => await readFile(join(repository.folder, PEOPLE), 'utf8');
    await use({ ...repository, people });
  });
}

async function compiled(folder: string) {
  return createCompiler().compile(await readWorkingTree(folder), 'demo');
}

async function server(folder: string): Promise<Service> {
  const { stacks, problems } = await compiled(folder);
  expect(problems).toEqual([]);
  return stacks[0]?.services[0] as Service;
}

/** The table that is mounted into the server. */
function tableOf({ files }: Service): string {
  const [content] = Object.values(files?.contents ?? {});
  return content?.kind === 'binary' ? new TextDecoder().decode(content.bytes) : '';
}

function field(file: string, name: string): string {
  return new RegExp(`^${name} = (.*)$`, 'm').exec(file)?.[1] ?? '';
}

function publicKeyOf(privateKey: string): string {
  const prefix = Buffer.from('302e020100300506032b656e04220420', 'hex');
  const der = Buffer.concat([prefix, Buffer.from(privateKey, 'base64')]);
  const key = createPublicKey(createPrivateKey({ key: der, format: 'der', type: 'pkcs8' }));
  return Buffer.from(key.export({ format: 'jwk' }).x ?? '', 'base64url').toString('base64');
}

describe('gridops vpn create', () => {
  it('writes a stack that compiles to a WireGuard server with its key sealed', async () => {
    await withVpn(async ({ folder, opened, people }) => {
      const { 'vpn-server-key': key = '' } = await opened();
      expect(await people()).toContain(`public_key: ${publicKeyOf(key)}\n`);
      const service = await server(folder);
      expect(service).toMatchObject({ name: 'server', stateful: true, instances: 1 });
      expect(service.affinity).toEqual([
        { key: 'node', negated: false, soft: false, value: 'edge-1' },
      ]);
      expect(tableOf(service)).toBe('subnet 10.81.0.0/16\n');
      expect(JSON.stringify(service.spec)).toContain('NET_ADMIN');
    });
  });

  it('says what to commit and what to open', async () => {
    await withRepository({}, async ({ run }) => {
      const { err } = await run(create);
      expect(err).toContain('UDP port 51820 of edge-1 must be open');
      expect(err).toContain(`git add ${STACK} ${PEOPLE} grids/demo/secrets.yml`);
    });
  });

  it('takes the subnet of grid.yml', async () => {
    const files = { 'grids/demo/grid.yml': 'subnet: 10.9.0.0/20\n' };
    await withVpn(async ({ run, people }) => {
      expect(await people()).toContain('subnet: 10.9.0.0/20\n');
      expect((await run(['vpn', 'config', 'anna'])).out).toContain('Address = 10.9.4.1/32');
    }, files);
  });

  it('does not touch a VPN that is there', async () => {
    await withVpn(async ({ run, people, text }) => {
      const before = [await people(), await text()];
      const { code, err } = await run(create);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('has a stack vpn')]);
      expect([await people(), await text()]).toEqual(before);
    });
  });

  it('writes nothing where something is wrong', async () => {
    await withRepository({}, async ({ run, text, folder }) => {
      const before = await text();
      const wrong = ['vpn', 'create', '--grid', 'demo', '--endpoint'];
      for (const endpoint of ['a b', '[::1', 'x:0', 'x:70000', '2001:db8::1::2', '-x', 'a..b', ''])
        expect((await run([...wrong, endpoint])).err).toContain('is no endpoint');
      expect((await run([...create, '--node', 'a b'])).err).toContain('name of a node');
      expect((await run(['vpn', 'create', '--grid', 'dmeo'])).err).toContain('"demo"');
      await writeFile(join(folder, 'grids/demo/grid.yml'), 'subnet: nowhere\n');
      expect((await run(create)).err).toContain('gridops validate');
      expect(await text()).toBe(before);
      await expect(stat(join(folder, STACK))).rejects.toThrow('ENOENT');
    });
  });
});

describe('gridops vpn config', () => {
  it('prints a file for the person, whose private key is in no other place', async () => {
    await withVpn(async ({ run, folder, people, opened }) => {
      const { code, out, err } = await run(['vpn', 'config', 'anna']);
      expect(code).toBe(EXIT.done);
      const key = field(out, 'PrivateKey');
      const { 'vpn-server-key': serverKey = '' } = await opened();
      expect(out).toBe(`# anna, VPN of grid demo
[Interface]
PrivateKey = ${key}
Address = 10.81.64.1/32
DNS = 10.81.0.1, 10.81.0.2, demo.kontena.local
MTU = 1280

[Peer]
PublicKey = ${publicKeyOf(serverKey)}
AllowedIPs = 10.81.0.0/16
Endpoint = vpn.example.com:51820
PersistentKeepalive = 25
`);
      const since = new Date(NOW).toISOString().replace(/\.\d+Z/, 'Z');
      expect(await people()).toContain(
        `  anna: { address: 10.81.64.1, public_key: ${publicKeyOf(key)}, since: ${since} }\n`,
      );
      expect(err + (await people())).not.toContain(key);
      expect(tableOf(await server(folder))).toBe(
        `subnet 10.81.0.0/16\nperson anna 10.81.64.1 ${publicKeyOf(key)}\n`,
      );
    });
  });

  it('writes the file for its owner only, and never over another one', async () => {
    await withVpn(async ({ run, folder, people }) => {
      const { out } = await run(['vpn', 'config', 'anna', '--out', 'anna.conf']);
      expect(out).toBe('');
      expect((await stat(join(folder, 'anna.conf'))).mode & 0o777).toBe(0o600);
      const before = await people();
      const { code, err } = await run(['vpn', 'config', 'bob', '--out', 'anna.conf']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('is there already')]);
      expect(await people()).toBe(before);
    });
  });

  it('shows a QR code, on a terminal black on white', async () => {
    await withVpn(async ({ run }) => {
      const plain = await run(['vpn', 'config', 'anna', '--qr']);
      expect(plain.out).toMatch(/^[ █▀▄\n]+$/);
      expect(plain.out.split('\n').length).toBeGreaterThan(30);
      const shown = await run(['vpn', 'config', 'bob', '--qr'], { isTerminal: true });
      expect(shown.out.startsWith('\u001B[30;107m')).toBe(true);
      expect(shown.out).not.toContain('PrivateKey');
    });
  });

  it('gives each person an address of their own', async () => {
    await withVpn(async ({ run }) => {
      const addresses = [];
      for (const name of ['anna', 'bob', 'carl@example.com'])
        addresses.push(field((await run(['vpn', 'config', name])).out, 'Address'));
      expect(addresses).toEqual(['10.81.64.1/32', '10.81.64.2/32', '10.81.64.3/32']);
    });
  });

  it('makes no second file for somebody, unless with a new key', async () => {
    await withVpn(async ({ run, people }) => {
      const first = await run(['vpn', 'config', 'anna']);
      const { code, err } = await run(['vpn', 'config', 'anna']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('--renew')]);
      const second = await run(['vpn', 'config', 'anna', '--renew']);
      expect(field(second.out, 'Address')).toBe(field(first.out, 'Address'));
      const keys = [first, second].map(({ out }) => publicKeyOf(field(out, 'PrivateKey')));
      expect(await people()).not.toContain(keys[0]);
      expect(await people()).toContain(keys[1]);
    });
  });

  it('names the nodes that the master knows, those first that are there', async () => {
    await withVpn(async ({ run }) => {
      const node = {
        grid: 'demo',
        availability: 'active',
        lastSeenAt: 0,
        instances: 0,
        facts: null,
      };
      const nodes = [
        { ...node, name: 'a', number: 1, status: 'offline' },
        { ...node, name: 'b', number: 7, status: 'online' },
        { ...node, name: 'c', number: 5, status: 'online' },
      ];
      const { out } = await run(['vpn', 'config', 'anna'], {
        fetch: async () => Response.json({ nodes }),
      });
      expect(field(out, 'DNS')).toBe('10.81.0.5, 10.81.0.7, demo.kontena.local');
    });
  });

  it('has to know how the server is reached, and keeps it', async () => {
    await withRepository({}, async ({ run, folder }) => {
      await run(['vpn', 'create', '--grid', 'demo']);
      const { code, err } = await run(['vpn', 'config', 'anna']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining('--endpoint')]);
      const args = ['vpn', 'config', 'anna', '--endpoint', '2001:db8::7'];
      expect(field((await run(args)).out, 'Endpoint')).toBe('[2001:db8::7]:51820');
      const bob = await run(['vpn', 'config', 'bob', '--endpoint', '192.0.2.1:7']);
      expect(field(bob.out, 'Endpoint')).toBe('192.0.2.1:7');
      const carl = await run(['vpn', 'config', 'carl']);
      expect(field(carl.out, 'Endpoint')).toBe('[2001:db8::7]:51820');
      await server(folder);
    });
  });

  it('refuses names that cannot be, and a grid that has moved', async () => {
    await withVpn(async ({ run, folder }) => {
      for (const name of ['', 'a b', '-a', 'a\nperson b', '__proto__', 'x'.repeat(65)])
        expect((await run(['vpn', 'config', '--', name])).err).toContain('name of a person');
      await writeFile(join(folder, 'grids/demo/grid.yml'), 'subnet: 10.9.0.0/16\n');
      const { code, err } = await run(['vpn', 'config', 'anna']);
      expect([code, err]).toEqual([
        EXIT.failed,
        expect.stringContaining('the grid has 10.9.0.0/16'),
      ]);
    });
  });

  it('says where there is no VPN, or which grid is not clear', async () => {
    await withRepository({ 'grids/other/grid.yml': '' }, async ({ run, recipient }) => {
      expect((await run(['vpn', 'config', 'a'])).err).toContain('gridops vpn create');
      expect((await run(['vpn', 'config', 'a', '-g', 'demo'])).err).toContain('demo has no VPN');
      await run(create);
      await run(['vpn', 'create', '-g', 'other', '--recipient', recipient, '--endpoint', 'x']);
      expect((await run(['vpn', 'config', 'a'])).err).toContain('demo, other');
      expect((await run(['vpn', 'config', 'a', '-g', 'other'])).code).toBe(EXIT.done);
    });
  });
});

describe('gridops vpn revoke', () => {
  it('takes a person off, and keeps who had the address until when', async () => {
    await withVpn(async ({ run, people, folder }) => {
      await run(['vpn', 'config', 'anna']);
      await run(['vpn', 'config', 'bob']);
      const now = () => NOW + DAY;
      const { code, err } = await run(['vpn', 'revoke', 'anna'], { now });
      expect([code, err]).toEqual([EXIT.done, expect.stringContaining(`git add ${PEOPLE}`)]);
      expect(tableOf(await server(folder))).not.toContain('anna');
      const until = new Date(NOW + DAY).toISOString().slice(0, 10);
      expect(await people()).toMatch(
        new RegExp(`\n  - { name: anna, address: 10\\.81\\.64\\.1, .*until: ${until}T.*Z }\n`),
      );
      const { out } = await run(['vpn', 'list']);
      expect(out).toMatch(/^NAME +ADDRESS +SINCE +UNTIL\nbob +10\.81\.64\.2 [^\n]*\nanna +/);
    });
  });

  it('gives the address to nobody else, and back to the same person', async () => {
    await withVpn(async ({ run }) => {
      for (const name of ['anna', 'bob']) await run(['vpn', 'config', name]);
      await run(['vpn', 'revoke', 'anna']);
      expect(field((await run(['vpn', 'config', 'carl'])).out, 'Address')).toBe('10.81.64.3/32');
      expect(field((await run(['vpn', 'config', 'anna'])).out, 'Address')).toBe('10.81.64.1/32');
    });
  });

  it('replaces no container for what is only history', async () => {
    await withVpn(async ({ run, people, folder }) => {
      await run(['vpn', 'config', 'anna']);
      const { specHash } = await server(folder);
      await writeFile(join(folder, PEOPLE), `${await people()}# a comment\n`);
      expect((await server(folder)).specHash).toBe(specHash);
      await run(['vpn', 'revoke', 'anna']);
      expect((await server(folder)).specHash).not.toBe(specHash);
    });
  });

  it('knows who is meant', async () => {
    await withVpn(async ({ run }) => {
      await run(['vpn', 'config', 'anna']);
      for (const name of ['ana', 'toString'])
        expect((await run(['vpn', 'revoke', name])).code).toBe(EXIT.failed);
      expect((await run(['vpn', 'revoke', 'ana'])).err).toContain('"anna"');
    });
  });
});

describe('gridops vpn list', () => {
  it('prints everything as JSON, and says where there is nobody', async () => {
    await withVpn(async ({ run }) => {
      expect((await run(['vpn', 'ls'])).out).toContain('Nobody.');
      await run(['vpn', 'config', 'anna']);
      const { out } = await run(['vpn', 'ls', '--json']);
      expect(JSON.parse(out)).toMatchObject({
        grid: 'demo',
        endpoint: 'vpn.example.com:51820',
        people: [{ name: 'anna', address: '10.81.64.1' }],
        revoked: [],
      });
    });
  });
});

describe('two branches that each let somebody in', () => {
  it('are a problem once they are merged by hand, where the second of them stands', async () => {
    await withVpn(async ({ run, people, folder }) => {
      await run(['vpn', 'config', 'anna']);
      const merged = (await people()).replace(/^ {2}anna: (.*)$/m, '  anna: $1\n  bob: $1');
      await writeFile(join(folder, PEOPLE), merged);
      const { problems, failed } = await compiled(folder);
      expect(failed).toEqual(['vpn']);
      const line = merged.split('\n').findIndex((text) => text.startsWith('  bob')) + 1;
      expect(problems.map(({ code, position }) => [code, position.file, position.line])).toEqual([
        ['vpn-conflict', PEOPLE, line],
        ['vpn-conflict', PEOPLE, line],
      ]);
      const { code, err } = await run(['vpn', 'config', 'carl']);
      expect([code, err]).toEqual([EXIT.failed, expect.stringContaining(`${PEOPLE}:${line}`)]);
    });
  });
});
