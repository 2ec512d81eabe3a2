import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { EngineName } from '../../src/sync/engine.ts';
import type { Authorise, GitOperation } from '../support/git-http-server.ts';
import { createWorld, faultOf, files, never, type World } from './world.ts';

const token = 'ghs_s3cr/t+T0ken=';
const credentials = { username: 'x-access-token', password: token };

const onlyToken: Authorise = (presented) => (presented?.password === token ? 'allow' : 'deny');

/** What every engine does when the server, the network or the credentials are at fault. */
export function httpContract(engine: EngineName): void {
  describe(`${engine} and a server`, () => {
    let world: World;

    beforeEach(async () => {
      world = await createWorld({ engine, transport: 'http' });
    });
    afterEach(() => world.dispose());

    const operations = (): GitOperation[] =>
      world.server.requests.map(({ operation }) => operation);

    it('lists one ref and does not fetch when nothing has moved', async () => {
      await world.push(files);
      const repository = await world.open();
      await repository.sync(never);
      world.server.forget();

      await repository.sync(never);

      expect(operations()).toEqual(['advertise', 'list']);
    });

    it('asks once, and once more, for any number of overlapping syncs', async () => {
      await world.push(files);
      const repository = await world.open();
      await repository.sync(never);
      world.server.forget();

      await Promise.all(Array.from({ length: 20 }, () => repository.sync(never)));

      expect(operations().filter((operation) => operation === 'list')).toHaveLength(2);
    });

    it('sees what was pushed after an overlapping sync had looked', async () => {
      await world.push(files);
      const repository = await world.open();
      const early = repository.sync(never);
      const sha = await world.push({ a: 'b' });
      const late = repository.sync(never);

      await early;

      expect((await late).head).toBe(sha);
    });

    describe('credentials', () => {
      it('are sent when they are asked for, fresh each time', async () => {
        const sha = await world.push(files);
        world.server.authorise(onlyToken);
        let asked = 0;
        const repository = await world.open({
          credentials: () => {
            asked += 1;
            return Promise.resolve(credentials);
          },
        });

        expect((await repository.sync(never)).head).toBe(sha);
        await repository.sync(never);

        expect(asked).toBeGreaterThanOrEqual(2);
      });

      it('may stand in the URL, and are not part of it after that', async () => {
        const sha = await world.push(files);
        world.server.authorise(onlyToken);
        const url = new URL(world.url);
        url.username = 'me';
        url.password = token;
        const repository = await world.open({ url: url.href });

        expect((await repository.sync(never)).head).toBe(sha);
        expect(repository.url).toBe(world.url);
        expect(await textBelow(world.directory)).not.toContain(token);
      });

      it('are never printed, not even when the server prints them', async () => {
        await world.push(files);
        world.server.authorise((presented) => (presented === null ? 'deny' : 'forbid'));
        const url = new URL(world.url);
        url.username = 'someone-with-a-long-name';
        url.password = token;
        const repository = await world.open({ url: url.href });

        const fault = await faultOf(repository.sync(never));

        const printed = JSON.stringify(fault) + String(fault.stack) + String(fault.cause);
        expect(fault.code).toBe('repository-refused');
        for (const secret of [token, encodeURIComponent(token), 'someone-with-a-long-name']) {
          expect(printed).not.toContain(secret);
        }
      });

      it.each([
        ['missing', 'deny', null],
        ['wrong', 'deny', credentials],
        ['without the right to read', 'forbid', credentials],
        ['for a repository that is hidden from them', 'hide', credentials],
      ] as const)(
        'that are %s are a refusal that waits for a person',
        async (_, verdict, given) => {
          await world.push(files);
          world.server.authorise(() => verdict);
          const repository = await world.open({ credentials: () => Promise.resolve(given) });

          const fault = await faultOf(repository.sync(never));

          expect([fault.code, fault.retry]).toEqual(['repository-refused', 'never']);
          expect(fault.hint).toContain('credentials');
        },
      );

      it('with a line end are refused by ourselves', async () => {
        const given = { username: 'me', password: `${token}\nhost=evil` };
        const repository = await world.open({ credentials: () => Promise.resolve(given) });

        const fault = await faultOf(repository.sync(never));

        expect(fault.code).toBe('invalid-configuration');
        expect(fault.message).not.toContain(token);
        expect(world.server.requests).toEqual([]);
      });

      it('that cannot be had are a fault that passes', async () => {
        const repository = await world.open({
          credentials: () => Promise.reject(new Error('the forge is down')),
        });

        const fault = await faultOf(repository.sync(never));

        expect([fault.code, fault.retry]).toEqual(['internal', 'later']);
        expect(fault.message).toContain('the forge is down');
      });

      it('that are right again work without a restart', async () => {
        const sha = await world.push(files);
        world.server.authorise(onlyToken);
        let current = { ...credentials, password: 'expired' };
        const repository = await world.open({ credentials: () => Promise.resolve(current) });
        expect((await faultOf(repository.sync(never))).code).toBe('repository-refused');

        current = credentials;

        expect((await repository.sync(never)).head).toBe(sha);
      });
    });

    describe('a server that fails', () => {
      it.each([500, 502, 503, 429])('with %d is unreachable for now', async (status) => {
        const sha = await world.push(files);
        const repository = await world.open();
        await repository.sync(never);
        await world.push({ a: 'b' });
        world.server.fault({ kind: 'status', status });

        const fault = await faultOf(repository.sync(never));

        expect([fault.code, fault.retry]).toEqual(['repository-unreachable', 'later']);
        expect(fault.message).toContain(String(status));
        expect(repository.head).toBe(sha);
        expect((await repository.source(sha, 'prod')).files.size).toBe(3);
      });

      it('by not being there is unreachable', async () => {
        const repository = await world.open({ url: 'http://127.0.0.1:1/infra.git' });

        const fault = await faultOf(repository.sync(never));

        expect([fault.code, fault.retry]).toEqual(['repository-unreachable', 'later']);
        expect(fault.message).toContain('http://127.0.0.1:1/infra.git');
      });

      it('by not answering is unreachable when the time is over', async () => {
        await world.push(files);
        world.server.fault({ kind: 'hang' });
        const repository = await world.open({ limits: { listTimeout: 300 } });

        const fault = await faultOf(repository.sync(never));

        expect(fault.code).toBe('repository-unreachable');
        expect(fault.message).toContain('0.3 s');
      });

      it('in the middle of a fetch is unreachable when the time is over, and fetched later', async () => {
        await world.push(files);
        const repository = await world.open({ limits: { fetchTimeout: 300 } });
        world.server.fault({ kind: 'hang', only: 'fetch' });
        expect((await faultOf(repository.sync(never))).code).toBe('repository-unreachable');

        world.server.fault(null);
        const patient = await world.open();

        expect((await patient.sync(never)).moved).toBe(true);
      });

      it('slowly is waited for', async () => {
        const sha = await world.push(files);
        world.server.fault({ kind: 'slow', milliseconds: 100 });
        const repository = await world.open();

        expect((await repository.sync(never)).head).toBe(sha);
      });

      it('can be given up on at once', async () => {
        await world.push(files);
        world.server.fault({ kind: 'hang' });
        const repository = await world.open();
        const controller = new AbortController();
        const running = repository.sync(controller.signal);
        await expect.poll(() => world.server.requests.length).toBe(1);

        controller.abort(new Error('a newer wish'));

        await expect(running).rejects.toThrow('a newer wish');
      });

      it.each([
        ['torn', false],
        ['that looks complete', true],
      ])(
        'with a pack cut short, %s, is unreachable, and nothing of it is kept',
        async (_, clean) => {
          const sha = await world.push(files);
          const repository = await world.open();
          await repository.sync(never);
          const next = await world.push({ 'grids/prod/blob': randomBytes(60_000).toString('hex') });
          world.server.fault({ kind: 'truncate', bytes: 20_000, clean, only: 'fetch' });

          const fault = await faultOf(repository.sync(never));

          expect([fault.code, fault.retry]).toEqual(['repository-unreachable', 'later']);
          expect(repository.head).toBe(sha);
          expect((await repository.source(sha, 'prod')).files.size).toBe(3);
          world.server.fault(null);
          expect((await repository.sync(never)).head).toBe(next);
          expect((await repository.source(next, 'prod')).files.size).toBe(4);
          expect((await namesBelow(world.directory)).filter((name) => /tmp_/.test(name))).toEqual(
            [],
          );
        },
      );

      it('with a first pack cut short leaves no mirror', async () => {
        await world.push({ ...files, blob: randomBytes(60_000).toString('hex') });
        world.server.fault({ kind: 'truncate', bytes: 20_000, clean: true, only: 'fetch' });
        const repository = await world.open();

        expect((await faultOf(repository.sync(never))).code).toBe('repository-unreachable');

        expect(repository.head).toBeNull();
        expect((await namesBelow(world.directory)).filter((name) => /\.pack/.test(name))).toEqual(
          [],
        );
      });

      it.each(['advertise', 'list'] as const)('with a torn %s never looks empty', async (only) => {
        await world.push(files);
        const repository = await world.open();
        for (const bytes of [0, 3, 20, 45, 60]) {
          world.server.fault({ kind: 'truncate', bytes, clean: true, only });
          const outcome = await repository.sync(never).then(
            () => 'synced',
            (error: unknown) => (error as { code: string }).code,
          );
          expect(outcome).not.toBe('branch-missing');
        }
      });

      it('because it is not a Git server says so', async () => {
        const web = createServer((_, response) => response.end('<html>login</html>'));
        await new Promise<void>((resolve) => web.listen(0, '127.0.0.1', resolve));
        const { port } = web.address() as AddressInfo;
        const repository = await world.open({ url: `http://127.0.0.1:${port}/x` });

        const fault = await faultOf(repository.sync(never));

        web.closeAllConnections();
        web.close();
        expect(fault.code).toBe('repository-unreachable');
        expect(fault.message).toContain('does not speak Git');
      });
    });

    describe('a redirect', () => {
      const renamed = (path: string) => path.replace('/old.git', '/infra.git');

      it('to another name on the same server is followed', async () => {
        const sha = await world.push(files);
        world.server.authorise(onlyToken);
        world.server.fault({ kind: 'redirect', location: renamed, from: '/old.git' });
        const repository = await world.open({
          url: world.server.url('old'),
          credentials: () => Promise.resolve(credentials),
        });

        expect((await repository.sync(never)).head).toBe(sha);
        expect((await repository.sync(never)).moved).toBe(false);
      });

      it.each([
        ['to another host', 'localhost', '127.0.0.1'],
        ['to a host whose name begins alike', '127.0.0.10', '127.0.0.10'],
      ])('%s is refused, and that host learns nothing', async (_, host, listening) => {
        await world.push(files);
        const heard: string[] = [];
        const stranger = createServer((request, response) => {
          heard.push(String(request.headers.authorization));
          response.end();
        });
        await new Promise<void>((resolve) => stranger.listen(0, listening, resolve));
        const { port } = stranger.address() as AddressInfo;
        world.server.fault({
          kind: 'redirect',
          location: (path) => `http://${host}:${port}${path}`,
        });
        const repository = await world.open({ credentials: () => Promise.resolve(credentials) });

        const fault = await faultOf(repository.sync(never));

        stranger.close();
        expect(fault.code).toBe('repository-refused');
        expect(fault.message).toContain('redirects');
        expect(heard).toEqual([]);
      });

      it('that leads in circles ends', async () => {
        world.server.fault({ kind: 'redirect', location: (path) => path });
        const repository = await world.open();

        expect((await faultOf(repository.sync(never))).code).toBe('repository-refused');
      });
    });
  });
}

async function namesBelow(directory: string): Promise<readonly string[]> {
  return await readdir(directory, { recursive: true });
}

async function textBelow(directory: string): Promise<string> {
  const texts: string[] = [];
  for (const entry of await readdir(directory, { recursive: true, withFileTypes: true })) {
    if (entry.isFile()) texts.push(await readFile(join(entry.parentPath, entry.name), 'latin1'));
  }
  return texts.join('\n');
}
