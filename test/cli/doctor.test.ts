import { createServer } from 'node:http';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { Check } from '../../src/cli/doctor.ts';
import { thisMachine } from '../../src/cli/machine.ts';
import { NOW } from '../http/fake-operations.ts';
import { startServer, type TestServer, TOKEN } from '../http/test-server.ts';
import { type CliOptions, EXIT, runGridops, withFolder } from './test-cli.ts';

let server: TestServer;

beforeAll(async () => {
  server = await startServer();
});

beforeEach(() => server.reset());

afterAll(async () => {
  await server.close();
});

async function look(options: CliOptions = {}) {
  const env = { GRIDOPS_URL: server.url, GRIDOPS_API_TOKEN: TOKEN, ...options.env };
  const { code, out } = await runGridops(['doctor', '--json'], { ...options, env });
  const { checks } = JSON.parse(out) as { checks: Check[] };
  return { code, of: (name: string) => checks.find((check) => check.name === name) };
}

describe('gridops doctor', () => {
  it('finds nothing wrong where nothing is', async () => {
    const { code, of } = await look();
    expect(code).toBe(EXIT.done);
    for (const name of ['node', 'git', 'docker', 'master', 'token', 'clock'])
      expect(of(name)).toMatchObject({ result: 'ok', fix: null });
  });

  it('says where the token is from', async () => {
    expect((await look()).of('token')?.detail).toContain('environment GRIDOPS_API_TOKEN');
  });

  it.each(['18.20.0', '20.18.9'])('finds Node %s too old', async (nodeVersion) => {
    const { code, of } = await look({ machine: { nodeVersion } });
    expect([code, of('node')?.result]).toEqual([EXIT.failed, 'failed']);
  });

  it('warns where git or Docker are missing, for they are not needed everywhere', async () => {
    const docker = () => Promise.reject(Object.assign(new Error('denied'), { code: 'EACCES' }));
    const { code, of } = await look({ machine: { git: async () => null, docker } });
    expect(code).toBe(EXIT.done);
    expect(of('git')).toMatchObject({ result: 'warning' });
    expect(of('docker')?.fix).toContain('group `docker`');
  });

  it('finds that the master is away, or refuses the token', async () => {
    const away = await look({ env: { GRIDOPS_URL: 'http://127.0.0.1:2' } });
    expect([away.code, away.of('master')?.result]).toEqual([EXIT.failed, 'failed']);
    const refused = await look({ env: { GRIDOPS_API_TOKEN: 'wrong' } });
    expect([refused.code, refused.of('master')?.result, refused.of('token')?.result]).toEqual([
      EXIT.failed,
      'ok',
      'failed',
    ]);
  });

  it.each([
    [4_000, 'ok'],
    [20_000, 'warning'],
    [-120_000, 'failed'],
  ])('finds a clock that is %i ms apart %s', async (skew, result) => {
    server.clock.now = NOW + skew;
    expect((await look()).of('clock')).toMatchObject({ result });
  });

  it('finds settings that are not right', async () => {
    const { code, of } = await look({ env: { GRIDOPS_URL: 'nowhere' } });
    expect([code, of('settings')?.detail]).toEqual([
      EXIT.failed,
      expect.stringContaining('GRIDOPS_URL'),
    ]);
  });

  it('says that a token travels in clear text', async () => {
    const fake: typeof fetch = () => Promise.resolve(Response.json({ version: '1', now: NOW }));
    const { of } = await look({ env: { GRIDOPS_URL: 'http://gridops.example' }, fetch: fake });
    expect(of('transport')).toMatchObject({ result: 'warning' });
  });

  it('prints a fix below each fault', async () => {
    const { out } = await runGridops(['doctor'], { env: { GRIDOPS_URL: 'http://127.0.0.1:2' } });
    expect(out).toMatch(/failed +master .*\n +Nothing listens there/);
  });
});

describe('this machine', () => {
  it('asks a Docker engine at a socket for its version', async () => {
    await withFolder({}, async (folder) => {
      const path = join(folder, 'docker.sock');
      const engine = createServer((request, response) =>
        response.end(request.url === '/version' ? '{"Version":"27.3.1"}' : '{}'),
      );
      await new Promise<void>((resolve) => engine.listen(path, resolve));
      expect(await thisMachine.docker(path)).toBe('27.3.1');
      expect(await thisMachine.docker(`unix://${path}`)).toBe('27.3.1');
      await new Promise((resolve) => engine.close(resolve));
      await expect(thisMachine.docker(path)).rejects.toMatchObject({ code: 'ENOENT' });
    });
  });

  it('does not take anything that answers for an engine', async () => {
    const other = createServer((_request, response) => response.end('hello'));
    await new Promise<void>((resolve) => other.listen(0, '127.0.0.1', resolve));
    const { port } = other.address() as { port: number };
    await expect(thisMachine.docker(`tcp://127.0.0.1:${port}`)).rejects.toThrow(
      'not a Docker engine',
    );
    other.closeAllConnections();
    await new Promise((resolve) => other.close(resolve));
  });
});
