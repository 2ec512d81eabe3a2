import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { request } from 'node:http';
import { connect as connectHttp2 } from 'node:http2';
import { connect } from 'node:net';
import { connect as connectTls } from 'node:tls';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { WebSocket } from 'ws';
import { ask } from '../../src/balancer/ask.ts';
import type { Upstream } from '../../src/balancer/upstream.ts';
import { aBackend, aBalancing, aTcpBackend } from '../support/a-balancing.ts';
import { type Answer, type App, anApp, aTcpApp } from './an-app.ts';
import { anUpstream } from './an-upstream.ts';
import {
  aBundle,
  freePorts,
  hasHaproxy,
  type RealHaproxy,
  runHaproxy,
  until,
} from './real-haproxy.ts';

const run = promisify(execFile);
const LONG = { timeout: 60_000 };

describe.runIf(hasHaproxy)('a load balancer', LONG, () => {
  let lb: RealHaproxy;
  const apps: App[] = [];

  beforeEach(async () => {
    lb = await runHaproxy();
  });
  afterEach(async () => {
    await lb.end();
    await Promise.all(apps.splice(0).map(async (app) => await app.end()));
  });

  async function start(name: string): Promise<App> {
    const app = await anApp(name);
    apps.push(app);
    return app;
  }

  async function get(
    path: string,
    headers: Readonly<Record<string, string>> = {},
    port = lb.ports.http,
  ): Promise<{ status: number; body: string; headers: Readonly<Record<string, unknown>> }> {
    return await new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port, path, headers, agent: false }, (reply) => {
        let body = '';
        reply.setEncoding('utf8').on('data', (text: string) => {
          body += text;
        });
        reply.on('end', () =>
          resolve({ status: reply.statusCode ?? 0, body, headers: reply.headers }),
        );
      });
      sent.on('error', reject).end();
    });
  }

  async function answer(
    path: string,
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Answer> {
    const { status, body } = await get(path, headers);
    if (status !== 200) throw new Error(`${status} ${body}`);
    return JSON.parse(body) as Answer;
  }

  async function serve(
    balancing: ReturnType<typeof aBalancing>,
    upstreams: readonly Upstream[],
  ): Promise<void> {
    lb.balancer.apply(balancing);
    lb.balancer.update(upstreams);
    await lb.settled();
  }

  const reloads = async () => {
    const found = /^\d+\s+master\s+(\d+)/m.exec(
      await ask(`${lb.folder}/run/master.sock`, 'show proc'),
    );
    return Number(found?.[1]);
  };

  /** Connections of HAProxy to a container that are used at the moment. */
  const underWay = async (port: number) => {
    const servers = await ask(`${lb.folder}/run/admin.sock`, 'show servers conn');
    const line = servers.split('\n').find((one) => one.split(' ')[3] === String(port));
    return Number(line?.split(' ')[6] ?? 0);
  };

  it('passes requests on by host and path, and takes the path away', async () => {
    const [web, api, wild, any] = await Promise.all(['web', 'api', 'wild', 'any'].map(start));
    await serve(
      aBalancing(
        [
          aBackend('web', { virtualHosts: ['www.a.com'] }),
          aBackend('api', { virtualHosts: ['www.a.com'], virtualPaths: ['/api'] }),
          aBackend('wild', { virtualHosts: ['*.a.com'], virtualPaths: ['/'] }),
          aBackend('any', { virtualPaths: ['/any'], keepVirtualPath: true }),
        ],
        { healthUri: '/__health', challenges: { 'to-k_en': 'to-k_en.print' } },
      ),
      [web, api, wild, any].flatMap((app) => (app ? [anUpstream(app.name, app.port)] : [])),
    );

    const host = { host: 'WWW.a.com:8080' };
    expect(await answer('/', host)).toMatchObject({ name: 'web', url: '/' });
    expect(await answer('/apix?q=1', host)).toMatchObject({ name: 'web', url: '/apix?q=1' });
    expect(await answer('/api', host)).toMatchObject({ name: 'api', url: '/' });
    expect(await answer('/api/b/c?d=/api', host)).toMatchObject({
      name: 'api',
      url: '/b/c?d=/api',
    });
    expect(await answer('/', { host: 'x.y.a.com' })).toMatchObject({ name: 'wild' });
    expect(await answer('/any/x', { host: 'other' })).toMatchObject({ name: 'any', url: '/any/x' });
    const { headers } = await answer('/', { ...host, 'x-forwarded-for': '1.2.3.4' });
    expect(headers).toMatchObject({ host: 'WWW.a.com:8080', 'x-forwarded-proto': 'http' });
    expect(headers['x-forwarded-for']).toBe('1.2.3.4, 127.0.0.1');
    expect((await get('/__health')).status).toBe(200);
    expect((await get('/.well-known/acme-challenge/to-k_en', host)).body).toBe('to-k_en.print');
    const nobody = await get('/', { host: 'a.com' });
    expect([nobody.status, nobody.body.includes('No service answers')]).toEqual([503, true]);
  });

  it('says that nothing answers, until something does: without reading its configuration again', async () => {
    await serve(aBalancing([aBackend('web')]), []);
    expect((await get('/')).status).toBe(503);
    const one = await start('one');
    const two = await start('two');
    await serve(aBalancing([aBackend('web')]), [
      anUpstream('web', one.port),
      anUpstream('web', two.port),
    ]);

    const names = [await answer('/'), await answer('/'), await answer('/')].map(({ name }) => name);
    expect(new Set(names)).toEqual(new Set(['one', 'two']));
    expect(await reloads()).toBe(0);
  });

  it('asks for a user, whose password may be anything, and lets nobody in where users are no users', async () => {
    const app = await start('web');
    const basicAuth = 'user ann insecure-password "o\'ne #2"';
    const upstreams = [anUpstream('web', app.port), anUpstream('bad', app.port)];
    const bad = aBackend('bad', { virtualPaths: ['/bad'], basicAuth: 'user ann' });
    await serve(aBalancing([aBackend('web', { basicAuth }), bad]), upstreams);

    expect((await get('/')).status).toBe(401);
    const authorization = `Basic ${Buffer.from("ann:o'ne #2").toString('base64')}`;
    expect((await get('/', { authorization })).status).toBe(200);
    expect((await get('/bad', { authorization })).status).toBe(503);
    expect(lb.events.map(({ message }) => message).join()).toContain('shop/bad');
  });

  it('keeps a client with its container by a cookie, and lets it go when that is on its way out', async () => {
    const [one, two] = await Promise.all(['one', 'two'].map(start));
    const all = [one, two].flatMap((app) => (app ? [anUpstream('web', app.port)] : []));
    await serve(aBalancing([aBackend('web', { cookie: '' })]), all);
    const first = await get('/');
    const { name } = JSON.parse(first.body) as Answer;
    const [cookie = ''] = (first.headers['set-cookie'] as string[] | undefined) ?? [];
    const headers = { cookie: cookie.split(';')[0] ?? '' };
    expect(headers.cookie).toMatch(/^KONTENA_SERVERID=/);
    for (let time = 0; time < 6; time++) expect((await answer('/', headers)).name).toBe(name);

    const leaving = all.map((each) =>
      each.container.endsWith(String((name === 'one' ? one : two)?.port))
        ? { ...each, draining: true }
        : each,
    );
    await serve(aBalancing([aBackend('web', { cookie: '' })]), leaving);
    expect((await answer('/', headers)).name).not.toBe(name);
  });

  it('passes connections on by port', async () => {
    const [port = 0] = await freePorts(1);
    const db = await aTcpApp('db');
    await serve(aBalancing([aTcpBackend('db', port)]), [anUpstream('db', db.port)]);
    const said = await new Promise<string>((resolve, reject) => {
      connect(port, '127.0.0.1')
        .once('data', (text) => resolve(text.toString()))
        .once('error', reject);
    });
    expect(said).toBe('db');
    db.end();
  });

  it('lets a websocket live through a reload', async () => {
    const app = await start('web');
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', app.port)]);
    const socket = new WebSocket(lb.url.replace('http', 'ws'));
    const heard: string[] = [];
    socket.on('message', (data) => heard.push((data as Buffer).toString()));
    await once(socket, 'open');
    await serve(aBalancing([aBackend('web'), aBackend('more', { virtualPaths: ['/x'] })]), [
      anUpstream('web', app.port),
    ]);
    expect(await reloads()).toBe(1);
    socket.send('still here');
    await until(() => heard.includes('still here'));
    socket.terminate();
  });

  it('has certificates by the name that a client asks for, and speaks HTTP/2', async () => {
    const app = await start('web');
    const certificates = [
      `${aBundle('first.example.com')}\n${aBundle('*.two.example.com')}`,
      'nothing',
      aBundle('three.example.com').replace(/-----BEGIN PRIVATE KEY[\s\S]*/, ''),
    ];
    await serve(aBalancing([aBackend('web')], { certificates }), [anUpstream('web', app.port)]);
    const subjectFor = async (servername?: string) =>
      await new Promise<string>((resolve, reject) => {
        const options = { port: lb.ports.https, host: '127.0.0.1', rejectUnauthorized: false };
        const socket = connectTls({ ...options, ...(servername ? { servername } : {}) }, () => {
          resolve(String(socket.getPeerCertificate().subject.CN));
          socket.destroy();
        }).once('error', reject);
      });

    expect(await subjectFor()).toBe('first.example.com');
    expect(await subjectFor('www.two.example.com')).toBe('*.two.example.com');
    expect(await subjectFor('unknown.example.com')).toBe('first.example.com');
    const { stdout } = await run('h2load', [
      '-n',
      '200',
      '-c',
      '4',
      `https://127.0.0.1:${lb.ports.https}/`,
    ]);
    expect(stdout).toContain('Application protocol: h2');
    expect(stdout).toContain('200 succeeded, 0 failed');
    const proto = await new Promise<string>((resolve, reject) => {
      const client = connectHttp2(`https://127.0.0.1:${lb.ports.https}`, {
        rejectUnauthorized: false,
      });
      let body = '';
      client.once('error', reject);
      client
        .request({ ':path': '/' })
        .setEncoding('utf8')
        .on('data', (text: string) => {
          body += text;
        })
        .on('end', () => {
          client.close();
          resolve((JSON.parse(body) as Answer).headers['x-forwarded-proto'] ?? '');
        });
    });
    expect(proto).toBe('https');
    expect(lb.events.map(({ message }) => message).join()).toContain('certificate 3 has no key');
  });

  it('takes a new certificate without losing the old one first', async () => {
    await serve(aBalancing([], { certificates: [aBundle('a.example.com')] }), []);
    await serve(aBalancing([], { certificates: [aBundle('b.example.com')] }), []);
    const { stdout } = await run('sh', [
      '-c',
      `openssl s_client -connect 127.0.0.1:${lb.ports.https} </dev/null 2>/dev/null | openssl x509 -noout -subject; ls ${lb.folder}/certificates | wc -l`,
    ]);
    expect(stdout).toMatch(/CN = b\.example\.com\s+2/);
  });

  it('shows statistics and metrics to who knows the password', async () => {
    await serve(aBalancing([aBackend('web')], { statsPassword: "se'cret" }), []);
    const { statistics } = lb.ports;
    const authorization = `Basic ${Buffer.from("stats:se'cret").toString('base64')}`;
    expect((await get('/', {}, statistics)).status).toBe(401);
    expect((await get('/', { authorization }, statistics)).body).toContain('Statistics Report');
    const metrics = await get('/metrics', { authorization }, statistics);
    expect(metrics.body).toContain('haproxy_backend_status{proxy="shop:web"');
  });

  it('knows clients by the proxy protocol', async () => {
    const app = await start('web');
    await serve(aBalancing([aBackend('web')], { acceptProxy: true }), [
      anUpstream('web', app.port),
    ]);
    const said = await new Promise<string>((resolve) => {
      const socket = connect(lb.ports.http, '127.0.0.1');
      socket.once('data', (text) => resolve(text.toString()));
      socket.write('PROXY TCP4 9.8.7.6 127.0.0.1 1 80\r\nGET / HTTP/1.1\r\nhost: a\r\n\r\n');
    });
    expect(said).toContain('"x-forwarded-for":"9.8.7.6"');
  });

  it('loses no request while containers are replaced, services come, and slots run out', async () => {
    let running = [await start('a'), await start('b')];
    const balancing = (count: number) =>
      aBalancing([
        aBackend('web'),
        ...Array.from({ length: count }, (_, at) =>
          aBackend(`more-${at}`, { virtualPaths: [`/more/${at}`] }),
        ),
      ]);
    const upstreams = (leaving: readonly App[] = []) =>
      running.map((app) => anUpstream('web', app.port, { draining: leaving.includes(app) }));
    await serve(balancing(0), upstreams());
    const load = run('wrk', ['-t1', '-c8', '-d6s', '--latency', `${lb.url}/`]);
    for (let round = 0; round < 6; round++) {
      const fresh = await start(`r${round}`);
      running = [...running, fresh];
      await serve(balancing(round), upstreams());
      const [old] = running;
      if (old === undefined) continue;
      await serve(balancing(round), upstreams([old]));
      running = running.slice(1);
      // As the agent waits before it stops a container.
      await until(async () => (await underWay(old.port)) === 0);
      await old.end();
      apps.splice(apps.indexOf(old), 1);
      await serve(balancing(round), upstreams());
    }
    for (let at = 0; at < 8; at++) running = [...running, await start(`s${at}`)];
    await serve(balancing(5), upstreams());
    const { stdout } = await load;

    expect(stdout.match(/Non-2xx.*|Socket errors.*/g)).toBeNull();
    expect(Number(/(\d+) requests in/.exec(stdout)?.[1])).toBeGreaterThan(200);
    expect(await reloads()).toBeGreaterThan(4);
  });

  it('ends what is under way at a container on its way out, and sends it nothing more', async () => {
    const [one, two] = [await start('one'), await start('two')];
    one.hold();
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', one.port)]);
    const slow = get('/slow');
    await until(() => one.answered === 1);
    await serve(aBalancing([aBackend('web')]), [
      anUpstream('web', one.port, { draining: true }),
      anUpstream('web', two.port),
    ]);
    for (let time = 0; time < 4; time++) expect((await answer('/')).name).toBe('two');
    const isOver = vi.fn();
    const drained = lb.balancer.drained(new AbortController().signal).finally(isOver);
    await lb.balancer.drained(AbortSignal.timeout(100));
    expect(isOver).not.toHaveBeenCalled();
    one.release();
    expect((await slow).body).toContain('"one"');
    await drained;
  });

  it('sends nothing to a container whose slot another one has now', async () => {
    const [one, two] = [await start('one'), await start('two')];
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', one.port)]);
    await Promise.all(Array.from({ length: 10 }, async () => await answer('/')));
    const before = one.answered;
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', two.port)]);
    await Promise.all(Array.from({ length: 10 }, async () => await answer('/')));
    expect([one.answered, two.answered]).toEqual([before, 10]);
  });

  it('leaves out a container that died before anyone said so', async () => {
    const [one, two] = [await start('one'), await start('two')];
    await serve(aBalancing([aBackend('web')]), [
      anUpstream('web', one.port),
      anUpstream('web', two.port),
    ]);
    await one.end();
    for (let time = 0; time < 8; time++) expect((await answer('/')).name).toBe('two');
  });

  it('is put right when it was started again, or changed by hand', async () => {
    const [one, two] = [await start('one'), await start('two')];
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', one.port)]);
    await ask(`${lb.folder}/run/admin.sock`, 'set server shop:web/s1 state maint');
    expect((await get('/')).status).toBe(503);
    lb.balancer.wake();
    await lb.balancer.idle();
    expect((await answer('/')).name).toBe('one');

    await lb.kill();
    lb.balancer.update([anUpstream('web', two.port)]);
    await lb.balancer.idle();
    lb.start();
    await lb.settled();
    expect((await answer('/')).name).toBe('two');
  });

  it('goes on where an agent before has ended, without a reload', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const both = [anUpstream('web', one.port), anUpstream('web', two.port)];
    await serve(aBalancing([aBackend('web')]), both);
    await lb.restartAgent();
    expect((await answer('/')).name).toMatch(/one|two/);
    const told = lb.events.length;
    await serve(aBalancing([aBackend('web')]), both.toReversed());
    expect([await reloads(), lb.events.length]).toEqual([0, told]);
  });

  it('keeps what HAProxy took last of a service whose settings it refuses, and does the rest', async () => {
    const app = await start('web');
    const upstreams = ['web', 'api', 'new'].map((name) => anUpstream(name, app.port));
    const web = aBackend('web', { virtualHosts: ['a.com'] });
    const api = aBackend('api', { virtualPaths: ['/api'] });
    await serve(aBalancing([web, api]), upstreams);
    const refused = { ...web, virtualHosts: ['b.com'], customSettings: ['bogus setting'] };
    const fresh = aBackend('new', { virtualPaths: ['/new'], customSettings: ['bogus thing'] });
    await serve(aBalancing([refused, { ...api, virtualPaths: ['/v2'] }, fresh]), upstreams);

    expect((await get('/', { host: 'a.com' })).status).toBe(200);
    expect((await get('/', { host: 'b.com' })).status).toBe(503);
    expect((await get('/v2')).status).toBe(200);
    expect((await get('/new')).status).toBe(503);
    const told = lb.events.filter(({ kind }) => kind === 'balancer-refused');
    expect(told.map(({ message }) => message).toSorted()).toEqual([
      expect.stringMatching(/shop\/new: unknown keyword 'bogus'/),
      expect.stringMatching(/shop\/web: unknown keyword 'bogus'/),
    ]);
  });

  it("goes on with its own last settings, and its services' newest, when HAProxy refuses them", async () => {
    const app = await start('web');
    const upstreams = [anUpstream('web', app.port)];
    await serve(aBalancing([], { healthUri: '/up' }), upstreams);
    await serve(aBalancing([aBackend('web')], { customSettings: ['bogus setting'] }), upstreams);
    expect((await answer('/')).name).toBe('web');
    expect((await get('/up')).body).toContain('200 OK');
    expect(lb.events.at(-1)?.message).toContain("the load balancer: unknown keyword 'bogus'");
  });

  it('goes on with what runs where another program has its port, and follows containers even so', async () => {
    const [one, two] = [await start('one'), await start('two')];
    const squatter = await aTcpApp('squatter');
    await serve(aBalancing([aBackend('web')]), [anUpstream('web', one.port)]);
    const taken = aBalancing([aBackend('web'), aTcpBackend('db', squatter.port)]);
    await serve(taken, [anUpstream('web', one.port)]);
    expect(lb.events.at(-1)?.message).toContain('did not take its new configuration');
    await serve(taken, [anUpstream('web', two.port)]);
    expect((await answer('/')).name).toBe('two');
    expect(await reloads()).toBe(1);
    squatter.end();
  });

  it('ends what is under way before it stops', async () => {
    const app = await start('web');
    await serve(aBalancing([aBackend('web')], { healthUri: '/up' }), [anUpstream('web', app.port)]);
    app.hold();
    const slow = get('/');
    await until(() => app.answered === 1);
    const stopped = lb.softStop();
    await until(
      async () =>
        await get('/up').then(
          () => false,
          () => true,
        ),
    );
    app.release();
    expect((await slow).status).toBe(200);
    expect(await stopped).toBe(0);
  });
});

it.runIf(hasHaproxy)('can be stopped while it waits for what it has to do', async () => {
  const lb = await runHaproxy();
  await until(() => lb.isWaiting());
  expect(await lb.softStop()).toBe(0);
  await lb.end();
});
