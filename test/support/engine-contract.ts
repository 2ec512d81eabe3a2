import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import type { Containers, Engine, EngineEvent, Scope } from '../../src/agent/containers.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { shortDigest } from '../../src/model/digest.ts';
import { containerName, type InstanceId } from '../../src/model/identity.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { aHook, aPort, aSpec } from './builders.ts';

export interface EngineUnderTest {
  readonly containers: Containers;
  readonly engine: Engine;
  readonly scope: Scope;
  /** Image names: one that serves on port 8080 until it is stopped, one that complains and exits with code 1. */
  readonly images: { readonly serves: string; readonly exits: string };
  /** A port of the host that nothing else uses. */
  readonly freePort: number;
  /** Takes away everything of the scope. */
  readonly end: () => Promise<void>;
}

/** What every engine behind the agent's ports must do, the fake one and the real one alike. */
export function describeEngineContract(title: string, start: () => Promise<EngineUnderTest>): void {
  describe(`the engine contract, on ${title}`, () => {
    let subject: EngineUnderTest;
    let count = 0;

    beforeAll(async () => {
      subject = await start();
    });
    afterAll(async () => {
      await subject.end();
    });

    /** Each test has an instance of its own. */
    const fresh = (spec: Partial<ContainerSpec> = {}): AssignedInstance => {
      count += 1;
      return anInstance(count, { image: subject.images.serves, stopGracePeriod: 5, ...spec });
    };
    const create = async (instance: AssignedInstance, as = containerName(instance)) =>
      await subject.containers.create(subject.scope, instance, as);
    const find = async (id: InstanceId) => await subject.containers.find(subject.scope, id);
    const stop = async (id: string) =>
      await subject.containers.stop(id, 5, new AbortController().signal);

    it('makes a container that carries everything an agent must know to adopt it', async () => {
      const healthCheck = {
        protocol: 'http',
        port: 8080,
        uri: '/ready',
        timeout: 2,
        interval: 7,
        initialDelay: 1,
      } as const;
      const instance = fresh({ waitForPort: 8080, healthCheck, stopGracePeriod: 3 });

      const id = await create(instance);

      const [found] = await find(instance);
      expect(found).toMatchObject({
        id,
        name: containerName(instance),
        stack: instance.stack,
        service: instance.service,
        number: instance.number,
        specHash: instance.specHash,
        revision: instance.revision,
        phase: 'created',
        startedAt: null,
        exitCode: null,
        stopGracePeriod: 3,
        waitForPort: 8080,
        healthCheck,
      });
    });

    it('starts a container, gives it an address and says since when it runs', async () => {
      const instance = fresh();
      const id = await create(instance);
      const before = Date.now();

      await subject.containers.start(id);

      const [found] = await find(instance);
      expect(found).toMatchObject({ phase: 'running', exitCode: null });
      expect(found?.address).toMatch(/^\d+\.\d+\.\d+\.\d+$/);
      expect(found?.startedAt).toBeGreaterThan(before - 2_000);
    });

    it('leaves a running container as it is when it is started again', async () => {
      const instance = fresh();
      const id = await create(instance);
      await subject.containers.start(id);
      const [before] = await find(instance);

      await subject.containers.start(id);

      expect(await find(instance)).toEqual([before]);
    });

    it('stops a container, and is content when it is stopped already', async () => {
      const instance = fresh();
      const id = await create(instance);
      await subject.containers.start(id);

      await stop(id);
      await stop(id);

      const [found] = await find(instance);
      expect(found?.phase).toBe('exited');
      expect(found?.finishedAt).toBeGreaterThanOrEqual(found?.startedAt ?? Infinity);
      expect(found?.exitCode).not.toBeNull();
    });

    it('starts a stopped container again', async () => {
      const instance = fresh();
      const id = await create(instance);
      await subject.containers.start(id);
      await stop(id);

      await subject.containers.start(id);

      expect((await find(instance))[0]?.phase).toBe('running');
    });

    it('removes a container that runs, and is content with one that is gone', async () => {
      const instance = fresh();
      const id = await create(instance);
      await subject.containers.start(id);

      await subject.containers.remove(id);
      await subject.containers.remove(id);
      await stop(id);

      expect(await find(instance)).toEqual([]);
    });

    it('refuses a name that is taken', async () => {
      const instance = fresh();
      await create(instance);

      await expect(create(instance)).rejects.toMatchObject({ code: 'name-taken' });
    });

    it('renames a container, but not to a name that is taken', async () => {
      const instance = fresh();
      const name = containerName(instance);
      const first = await create(instance);
      const second = await create(instance, `${name}.new`);

      await expect(subject.containers.rename(second, name)).rejects.toMatchObject({
        code: 'name-taken',
      });
      await subject.containers.remove(first);
      await subject.containers.rename(second, name);

      expect((await find(instance)).map((one) => one.name)).toEqual([name]);
    });

    it('refuses an image that it does not have', async () => {
      const instance = fresh({ image: 'gridops-test/missing:1' });

      await expect(create(instance)).rejects.toMatchObject({ code: 'image-not-found' });
    });

    it('refuses to start on a port that is taken', async () => {
      const ports = [aPort(subject.freePort)];
      const holder = fresh({ ports });
      const other = fresh({ ports });
      await subject.containers.start(await create(holder));
      const id = await create(other);

      await expect(subject.containers.start(id)).rejects.toMatchObject({ code: 'port-taken' });
    });

    it('cannot start what is gone', async () => {
      const instance = fresh();
      const id = await create(instance);
      await subject.containers.remove(id);

      await expect(subject.containers.start(id)).rejects.toMatchObject({ code: 'not-found' });
    });

    it.each([
      ['', {}],
      [', with a terminal', { tty: true }],
    ] as const)(
      'tells the exit code and the last lines of a container that gave up%s',
      async (_, extras) => {
        const instance = fresh({ image: subject.images.exits, extras });
        const id = await create(instance);

        await subject.containers.start(id);

        await vi.waitFor(async () => {
          expect((await find(instance))[0]).toMatchObject({ phase: 'exited', exitCode: 1 });
        }, 10_000);
        const log = await subject.containers.logs(id);
        // One of them on the standard output, one on the standard error.
        expect(log.toSorted()).toEqual(['cannot find the settings', 'reading the settings']);
      },
    );

    it('lists every container of the scope and none of another node on the same engine', async () => {
      const instance = fresh();
      const neighbour = { ...subject.scope, node: `${subject.scope.node}-neighbour` };
      const own = await create(instance);
      const other = await subject.containers.create(
        neighbour,
        instance,
        `${containerName(instance)}.other`,
      );

      const listed = await subject.containers.list(subject.scope);
      const theirs = await subject.containers.list(neighbour);
      await subject.containers.remove(other);

      expect(listed.map((one) => one.id)).toContain(own);
      expect(listed.map((one) => one.id)).not.toContain(other);
      expect(theirs).toEqual([expect.objectContaining({ id: other, phase: 'created' })]);
      expect((await find(instance)).map((one) => one.id)).toEqual([own]);
    });

    it('tells where on the host the mounts of its containers come from', async () => {
      const source = '/tmp';
      const mounts = [{ kind: 'bind', source, target: '/host', readOnly: true } as const];
      const id = await create(fresh({ mounts }));

      const listed = await subject.containers.list(subject.scope);

      expect(listed.find((one) => one.id === id)?.mounted).toEqual([source]);
    });

    it('tells who listens of every exit and every removal, until the listener leaves', async () => {
      const instance = fresh();
      const heard: EngineEvent[] = [];
      const leaving = new AbortController();
      const changed = (event: EngineEvent) => {
        if (event.action === 'die' || event.action === 'destroy') heard.push(event);
      };
      const { ended } = await subject.containers.watch(subject.scope, changed, leaving.signal);
      const over = ended.catch(() => undefined);
      const id = await create(instance);
      await subject.containers.start(id);
      expect(heard).toEqual([]);

      await stop(id);
      await vi.waitFor(() => expect(heard).toHaveLength(1), 5_000);
      await subject.containers.remove(id);
      await vi.waitFor(() => expect(heard).toHaveLength(2), 5_000);

      const { stack, service, number } = instance;
      expect(heard[0]).toMatchObject({ container: id, id: { stack, service, number } });
      leaving.abort(new Error('enough'));
      await over;
    });

    it.each([
      ['exit 0', 'healthy'],
      ['exit 1', 'unhealthy'],
    ] as const)(
      'runs a health check itself, and tells that "%s" is %s',
      async (check, verdict) => {
        const healthcheck = {
          test: ['CMD-SHELL', check],
          interval: 500,
          timeout: 5_000,
          retries: 2,
        };
        const instance = fresh({ extras: { healthcheck } });
        const heard: EngineEvent[] = [];
        const leaving = new AbortController();
        const changed = (event: EngineEvent) => {
          if (event.action === 'health_status' && event.id?.number === instance.number)
            heard.push(event);
        };
        const { ended } = await subject.containers.watch(subject.scope, changed, leaving.signal);
        const over = ended.catch(() => undefined);
        const id = await create(instance);
        expect((await find(instance))[0]).toMatchObject({ engineHealth: null });

        await subject.containers.start(id);
        expect((await find(instance))[0]).toMatchObject({ engineHealth: 'starting' });

        await vi.waitFor(() => expect(heard).toHaveLength(1), 20_000);
        expect((await find(instance))[0]).toMatchObject({ engineHealth: verdict });
        const listed = await subject.containers.list(subject.scope);
        expect(listed.find((one) => one.id === id)).toMatchObject({ engineHealth: verdict });
        leaving.abort(new Error('enough'));
        await over;
      },
      30_000,
    );
    describe('hooks', () => {
      const sh = (script: string) => ['/bin/sh', '-c', script];
      const inside = async (instance: AssignedInstance, id: string, name: string) => {
        const hook = instance.spec.hooks?.find((one) => one.name === name);
        if (hook === undefined) throw new Error(`no hook ${name}`);
        const exec = await subject.containers.createExec(id, hook);
        return await subject.containers.exec(exec, 1_000, new AbortController().signal);
      };

      it('run in a container that is known for what it is, with an exit code and a log', async () => {
        const hook = aHook('pre-start', 'fails', { command: sh('echo no table; exit 7') });
        const instance = fresh({ hooks: [hook] });
        const of = { hook: 'pre-start/fails', container: 'c1', oneshot: true };
        const name = `${containerName(instance)}.hook`;

        const id = await subject.containers.createHook(subject.scope, instance, {
          name,
          hook,
          run: of,
        });
        expect(await find(instance)).toMatchObject([{ id, name, phase: 'created', hookRun: of }]);
        await subject.containers.start(id);

        await vi.waitFor(async () => {
          expect(await find(instance)).toMatchObject([{ phase: 'exited', exitCode: 7 }]);
        }, 10_000);
        expect(await subject.containers.logs(id)).toEqual(['no table']);
        expect(await subject.containers.list(subject.scope)).toContainEqual(
          expect.objectContaining({ id, hookRun: of }),
        );
      });

      it('are told by the container that they run in', async () => {
        const hooks = [aHook('pre-start', 'a'), aHook('post-start', 'b'), aHook('pre-stop', 'c')];
        const instance = fresh({ hooks });

        await create(instance);

        expect((await find(instance))[0]).toMatchObject({ hooks: hooks.slice(1), hookRun: null });
      });

      it('run inside of a container, with an exit code and a log', async () => {
        const hooks = [
          aHook('post-start', 'works', { command: sh('true') }),
          aHook('post-start', 'fails', { command: sh('echo no table; exit 7') }),
        ];
        const instance = fresh({ hooks });
        const id = await create(instance);
        await subject.containers.start(id);

        expect(await inside(instance, id, 'works')).toEqual({ exitCode: 0, log: [] });
        expect(await inside(instance, id, 'fails')).toEqual({ exitCode: 7, log: ['no table'] });
      });

      it('are left alone when their time is up', async () => {
        const hooks = [aHook('post-start', 'hangs', { command: sh('sleep 60') })];
        const instance = fresh({ hooks });
        const id = await create(instance);
        await subject.containers.start(id);

        expect(await inside(instance, id, 'hangs')).toMatchObject({ exitCode: null });
      });

      it('are not waited for when nobody wants them any more', async () => {
        const hooks = [aHook('post-start', 'hangs', { command: sh('sleep 60') })];
        const instance = fresh({ hooks });
        const id = await create(instance);
        await subject.containers.start(id);
        const leaving = new AbortController();
        const [hook] = hooks;
        if (hook === undefined) throw new Error('no hook');

        const exec = await subject.containers.createExec(id, hook);
        const waiting = subject.containers.exec(exec, 60_000, leaving.signal);
        leaving.abort(new Error('superseded'));

        await expect(waiting).rejects.toThrow('superseded');
      });

      it('are waited for, and not run again, when they were started before', async () => {
        const hook = aHook('post-start', 'slow', {
          command: sh('sleep 2; echo again >> /tmp/runs; exit $(wc -l < /tmp/runs)'),
        });
        const instance = fresh({ hooks: [hook] });
        const id = await create(instance);
        await subject.containers.start(id);
        const exec = await subject.containers.createExec(id, hook);
        const leaving = new AbortController();
        const first = subject.containers.exec(exec, 60_000, leaving.signal);
        const gone = expect(first).rejects.toThrow('the agent stops');
        setTimeout(() => leaving.abort(new Error('the agent stops')), 500);
        await gone;
        const { signal } = new AbortController();

        expect(await subject.containers.exec(exec, 100, signal)).toEqual({
          exitCode: null,
          log: [],
        });
        const ends = [1, 2].map(() => subject.containers.exec(exec, 10_000, signal));

        const end = { exitCode: 1, log: [] };
        expect(await Promise.all(ends)).toEqual([end, end]);
        expect(await subject.containers.exec(exec, 1_000, signal)).toEqual(end);
      });

      it('that the engine does not know are not found', async () => {
        const { signal } = new AbortController();

        await expect(subject.containers.exec('unknown', 1_000, signal)).rejects.toMatchObject({
          code: 'not-found',
        });
      });

      it('do not run in a container that does not run', async () => {
        const instance = fresh({ hooks: [aHook('pre-stop', 'late', { command: sh('true') })] });
        const id = await create(instance);

        await expect(inside(instance, id, 'late')).rejects.toMatchObject({
          code: 'engine-refused',
        });
      });
    });

    it('has nothing to pull, and nobody to ask for a password, when the image is there', async () => {
      const onProgress = vi.fn();

      const { signal } = new AbortController();
      const signIn = vi.fn(() => ({ host: 'docker.io', username: 'a', password: 'b' }));
      await subject.engine.pull(subject.images.serves, { onProgress, signal, signIn });

      expect(onProgress).not.toHaveBeenCalled();
      expect(signIn).not.toHaveBeenCalled();
    });

    it('describes itself', async () => {
      const facts = await subject.engine.facts();

      expect(facts.cpus).toBeGreaterThan(0);
      expect(facts.memory).toBeGreaterThan(0);
      expect(facts.version).not.toBe('');
    });
  });
}

export function anInstance(number: number, overrides: Partial<ContainerSpec>): AssignedInstance {
  const spec = aSpec(overrides);
  return {
    stack: 'contract',
    service: 'web',
    number,
    stateful: false,
    spec,
    specHash: shortDigest(spec),
    revision: '0123456789abcdef0123456789abcdef01234567',
    mode: 'start-first',
  };
}
