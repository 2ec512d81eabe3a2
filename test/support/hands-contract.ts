import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { ContainerFacts, EngineEvent } from '../../src/agent/containers.ts';
import { deviationsOf } from '../../src/agent/live-settings.ts';
import type { AssignedInstance } from '../../src/model/assignment.ts';
import { containerName } from '../../src/model/identity.ts';
import type { ContainerSpec } from '../../src/model/spec.ts';
import { anInstance, type EngineUnderTest } from './engine-contract.ts';

/** A person with a shell on the host. Containers are given by name. */
export interface Hands {
  pause(name: string): Promise<void>;
  unpause(name: string): Promise<void>;
  rename(name: string, to: string): Promise<void>;
  kill(name: string): Promise<void>;
  /** Bytes. */
  limitMemory(name: string, memory: number): Promise<void>;
  disconnect(name: string): Promise<void>;
  /** To a network that is none of ours; returns its name. */
  connectElsewhere(name: string): Promise<string>;
}

const MEBIBYTE = 1024 ** 2;

/** What an engine shows and tells of what a person does to containers, the fake one and the real one alike. */
export function describeHandsContract(
  title: string,
  start: () => Promise<EngineUnderTest & { readonly hands: Hands }>,
): void {
  describe(`what a person does to containers, on ${title}`, () => {
    let subject: EngineUnderTest & { readonly hands: Hands };
    let heard: EngineEvent[] = [];
    let count = 500;
    const leaving = new AbortController();

    beforeAll(async () => {
      subject = await start();
      const tell = (event: EngineEvent) => heard.push(event);
      const { ended } = await subject.containers.watch(subject.scope, tell, leaving.signal);
      ended.catch(() => undefined);
    });
    beforeEach(() => {
      heard = [];
    });
    afterAll(async () => {
      leaving.abort(new Error('enough'));
      await subject.end();
    });

    const running = async (spec: Partial<ContainerSpec> = {}) => {
      count += 1;
      const image = subject.images.serves;
      const instance = anInstance(count, { image, stopGracePeriod: 1, ...spec });
      const name = containerName(instance);
      const id = await subject.containers.create(subject.scope, instance, name);
      await subject.containers.start(id);
      return { instance, name, id };
    };
    const look = async (instance: AssignedInstance): Promise<ContainerFacts> => {
      const [found] = await subject.containers.find(subject.scope, instance);
      if (found === undefined) throw new Error('there is none');
      return found;
    };
    const told = async (action: string, container: string) =>
      await vi.waitFor(() => {
        const events = heard.map((one) => `${one.action} ${one.container}`);
        expect(events).toContain(`${action} ${container}`);
      }, 5_000);
    const mend = async (id: string, instance: AssignedInstance) => {
      const deviations = deviationsOf(await look(instance), instance);
      await subject.containers.mend(subject.scope, id, { instance, deviations });
      return deviationsOf(await look(instance), instance);
    };

    it('finds nothing to differ about a container that nobody has touched, whatever its limits', async () => {
      const { instance } = await running({
        memory: 64 * MEBIBYTE,
        memorySwap: 128 * MEBIBYTE,
        cpus: 0.5,
        cpuShares: 300,
        extras: { memoryReservation: 32 * MEBIBYTE, pidsLimit: 50, cpuset: '0' },
      });
      const plain = await running();

      expect(deviationsOf(await look(instance), instance)).toEqual([]);
      expect(deviationsOf(await look(plain.instance), plain.instance)).toEqual([]);
    });

    it('shows what is paused, tells of it, and lets it run on', async () => {
      const { instance, name, id } = await running();

      await subject.hands.pause(name);

      await told('pause', id);
      expect(await look(instance)).toMatchObject({ phase: 'paused', exitCode: null });
      await subject.containers.unpause(id);
      expect(await look(instance)).toMatchObject({ phase: 'running' });
      await told('unpause', id);
    });

    it('stops and removes what is paused', async () => {
      const first = await running();
      const second = await running();
      await subject.hands.pause(first.name);
      await subject.hands.pause(second.name);

      await subject.containers.stop(first.id, 1, new AbortController().signal);
      await subject.containers.remove(second.id);

      expect(await look(first.instance)).toMatchObject({ phase: 'exited' });
      expect(await subject.containers.find(subject.scope, second.instance)).toEqual([]);
    });

    it('says before an exit that somebody has asked for it', async () => {
      const { name, id } = await running();

      await subject.hands.kill(name);

      await told('die', id);
      const actions = heard.filter((one) => one.container === id).map((one) => one.action);
      expect(actions.indexOf('kill')).toBeGreaterThanOrEqual(0);
      expect(actions.indexOf('kill')).toBeLessThan(actions.indexOf('die'));
    });

    it('tells of a new name', async () => {
      const { instance, name, id } = await running();

      await subject.hands.rename(name, `${name}-mine`);

      await told('rename', id);
      expect((await look(instance)).name).toBe(`${name}-mine`);
    });

    it('shows a limit that was changed, and changes it back', async () => {
      const { instance, name, id } = await running({ memory: 64 * MEBIBYTE });

      await subject.hands.limitMemory(name, 128 * MEBIBYTE);

      await told('update', id);
      expect(deviationsOf(await look(instance), instance)).toEqual([
        { what: 'mem_limit', wanted: '64 MiB', found: '128 MiB', cure: 'update' },
      ]);
      expect(await mend(id, instance)).toEqual([]);
    });

    it('shows a limit where none was asked for, which no engine takes away from what runs', async () => {
      const { instance, name } = await running();

      await subject.hands.limitMemory(name, 128 * MEBIBYTE);

      expect(deviationsOf(await look(instance), instance)).toEqual([
        { what: 'mem_limit', wanted: 'none', found: '128 MiB', cure: 'replace' },
      ]);
    });

    it('shows what was cut off from its network, tells of it, and connects it again', async () => {
      const { instance, name, id } = await running();

      await subject.hands.disconnect(name);

      await told('disconnect', id);
      const facts = await look(instance);
      expect(facts.address).toBeNull();
      expect(deviationsOf(facts, instance)).toMatchObject([
        { what: 'network', found: 'none', cure: 'connect' },
      ]);
      const listed = await subject.containers.list(subject.scope);
      expect(listed.find((one) => one.id === id)?.networks).toEqual(facts.networks);
      expect(await mend(id, instance)).toEqual([]);
      expect((await look(instance)).address).not.toBeNull();
    });

    it('shows a network that was added, tells of it, and takes it away', async () => {
      const { instance, name, id } = await running();

      const other = await subject.hands.connectElsewhere(name);

      await told('connect', id);
      expect(deviationsOf(await look(instance), instance)).toMatchObject([
        { what: 'network', found: other, cure: 'disconnect' },
      ]);
      expect(await mend(id, instance)).toEqual([]);
    });
  });
}
