import { expect, it } from 'vitest';
import { EXIT } from '../../src/cli/io.ts';
import type { Departure, LeaveStart } from '../../src/cli/launch.ts';
import { runGridops } from './test-cli.ts';

async function leave(args: readonly string[], departure: Partial<Departure> = {}) {
  const asked: LeaveStart[] = [];
  const leaveGrid = async (of: LeaveStart): Promise<Departure> => {
    asked.push(of);
    return { grid: 'demo', node: 'web-1', containers: [], volumes: [], ...departure };
  };
  const env = { GRIDOPS_AGENT_DATA: '/var/lib/agent' };
  return {
    ...(await runGridops(['node', 'leave', ...args], { env, launch: { leaveGrid } })),
    asked,
  };
}

it('gridops node leave goes by the settings of the agent, and says what is left to do', async () => {
  const { code, out, asked } = await leave(['--hosts-file', '/host/etc/hosts']);
  expect(code).toBe(EXIT.done);
  expect(asked).toEqual([
    {
      directory: '/var/lib/agent',
      dockerSocket: '/var/run/docker.sock',
      hostsFile: '/host/etc/hosts',
      wireguardImage: 'gridops/wireguard',
      withContainers: false,
    },
  ]);
  expect(out).toContain('This host is node web-1 of grid demo no more.');
  expect(out).toContain('gridops node rm demo web-1');
});

it('gridops node leave --remove-containers names what it removed, and the data that it did not', async () => {
  const { out, asked } = await leave(['--remove-containers'], {
    containers: ['db.pg-1'],
    volumes: ['db.pg-1.data'],
  });
  expect(asked[0]?.withContainers).toBe(true);
  expect(out).toContain('Removed containers: db.pg-1');
  expect(out).toContain('Volumes that are still here: db.pg-1.data');
});
