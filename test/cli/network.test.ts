import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { HostAnswer, HostQuestion } from '../../src/cli/launch.ts';
import type { NetworkStatus } from '../../src/protocol/network-api.ts';
import { startServer, type TestServer, TOKEN } from '../http/test-server.ts';
import { aMesh, aNodeNetwork } from './a-network.ts';
import { type CliOptions, EXIT, runGridops } from './test-cli.ts';

const lost = { way: 'none', roundTrip: null, fullSize: null } as const;

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

async function run(args: readonly string[], status: NetworkStatus, options: CliOptions = {}) {
  server.operations.networkStatus = status;
  const env = { GRIDOPS_URL: server.url, GRIDOPS_API_TOKEN: TOKEN };
  return await runGridops(['network', ...args], { ...options, env });
}

describe('gridops network show', () => {
  it('shows the map, the nodes and why some have no overlay', async () => {
    const mesh = aMesh(2, undefined, (n) =>
      n === 2 ? { behindNat: true, addresses: ['10.0.0.2', '10.0.1.2', '10.0.2.2'] } : {},
    );
    const without = aNodeNetwork(9, {
      name: 'laptop',
      number: null,
      address: null,
      report: null,
      mode: 'bridge',
      reason: 'the host lacks wg',
    });
    const status = { ...mesh, nodes: [...mesh.nodes, without] };
    const { code, out } = await run(['show', 'production'], status);
    expect(code).toBe(EXIT.done);
    expect(out).toContain('subnet   10.81.0.0/16, MTU 1370');
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual([
      '1',
      'node-1',
      'online',
      '10.81.0.1',
      'overlay',
      '1/1',
      '4',
      '10.77.0.1',
    ]);
    expect(rows).toContainEqual([
      '2',
      'node-2',
      'online',
      '10.81.0.2',
      'overlay, NAT',
      '1/1',
      '4',
      '10.0.0.2, 10.0.1.2 +1',
    ]);
    expect(out).toContain('laptop has no overlay: the host lacks wg');
  });

  it('prints JSON', async () => {
    const status = aMesh(2);
    const { out } = await run(['show', 'production', '--json'], status);
    expect(JSON.parse(out)).toEqual(status);
  });
});

describe('gridops network doctor', () => {
  it('of a grid that is well ends with 0, all grids or one', async () => {
    for (const args of [['doctor'], ['doctor', 'production']]) {
      const { code, out } = await run(args, aMesh(2));
      expect(code).toBe(EXIT.done);
      expect(out).toContain('2 of 2 nodes online');
      expect(out).toContain('Nothing stands in the way.');
    }
  });

  it('shows who reaches whom, and how fast', async () => {
    const status = aMesh(3, (from, to) => {
      if (from === 1 && to === 2) return { way: 'trusted', roundTrip: 0.094 };
      if (from === 1) return { way: 'relay', relay: 2, roundTrip: 12.4 };
      if (from === 2 && to === 1) return null;
      if (from === 2) return { fullSize: false };
      return to === 1 ? lost : { roundTrip: null };
    });
    const { out } = await run(['doctor', 'production'], status);
    const rows = out.split('\n').map((line) => line.trim().split(/ {2,}/));
    expect(rows).toContainEqual(['FROM \\ TO', 'node-1', 'node-2', 'node-3']);
    expect(rows).toContainEqual(['node-1', '.', 'trusted 0.09', '12 via node-2']);
    expect(rows).toContainEqual(['node-2', '?', '.', '0.4!']);
    expect(rows).toContainEqual(['node-3', '-', 'yes', '.']);
  });

  it('ends with 1 when something cannot work, and says what to do', async () => {
    const status = aMesh(3, (from, to) => (from + to === 3 ? lost : {}));
    const { code, out } = await run(['doctor', 'production'], status);
    expect(code).toBe(EXIT.failed);
    expect(out).toMatch(
      /blocked {2}node-1 ↔ node-2 {2}pair-without-way\n {9}do not reach each other/,
    );
    expect(out).toContain('→ Open UDP 6783 on node-1');
    const { out: json, code: same } = await run(['doctor', 'production', '--json'], status);
    expect(same).toBe(EXIT.failed);
    expect(JSON.parse(json)).toMatchObject({
      grids: [{ network: { grid: 'production' }, findings: [{ code: 'pair-without-way' }] }],
    });
  });

  it('says once what many nodes have', async () => {
    const finding = {
      severity: 'info',
      code: 'live-restore-off',
      message: 'm',
      hint: 'h',
    } as const;
    const { out } = await run(
      ['doctor'],
      aMesh(6, undefined, () => ({ findings: [finding] })),
    );
    expect(out.match(/live-restore-off/g)?.length).toBe(1);
    expect(out).toContain('node-1, node-2, node-3, node-4 and 2 more');
  });

  it.each([80, 120])(
    'keeps to a screen of %i columns, with few nodes and with many',
    async (columns) => {
      for (const count of [2, 9, 20, 40]) {
        const status = aMesh(count, (from, to) => (from === 2 && to === 1 ? lost : {}));
        const { out } = await run(['doctor'], status, { columns });
        const widest = Math.max(...out.split('\n').map((line) => line.length));
        expect(widest).toBeLessThanOrEqual(columns);
      }
    },
  );

  it('gives one line to each of many nodes', async () => {
    const status = aMesh(40, (from, to) => (from === 2 && to === 1 ? lost : { roundTrip: to }));
    const { out } = await run(['doctor'], status, { columns: 80 });
    const rows = out.split('\n').map((line) => line.split(/ {2,}/));
    expect(rows).toContainEqual(['node-1', '39 of 39', '40 to node-40']);
    expect(rows).toContainEqual(['node-2', '38 of 39', 'node-1', '40 to node-40']);
  });
});

describe('gridops network doctor --local', () => {
  const answer: HostAnswer = {
    grid: 'demo',
    node: 'web-1',
    findings: [
      { severity: 'error', code: 'udp-port-blocked', message: 'ufw drops', hint: 'ufw allow' },
    ],
  };

  async function local(args: readonly string[], env: Record<string, string> = {}) {
    const asked: HostQuestion[] = [];
    const checkHost = async (question: HostQuestion) => {
      asked.push(question);
      return answer;
    };
    const result = await runGridops(['network', 'doctor', '--local', ...args], {
      env,
      launch: { checkHost },
    });
    return { ...result, asked: asked[0] };
  }

  it('looks at this host without a master', async () => {
    const { code, out, asked } = await local(['--data', '/var/lib/agent']);
    expect(asked).toMatchObject({
      directory: '/var/lib/agent',
      dockerSocket: '/var/run/docker.sock',
    });
    expect(code).toBe(EXIT.failed);
    expect(out).toContain('This host is node web-1 of grid demo.');
    expect(out).toContain('→ ufw allow');
  });

  it('goes by the agent’s own variables, and prints JSON', async () => {
    const { out, asked } = await local(['--json'], { GRIDOPS_AGENT_DATA: '/data' });
    expect(asked?.directory).toBe('/data');
    expect(JSON.parse(out)).toEqual(answer);
  });
});
