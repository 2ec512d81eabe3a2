import { existsSync, readFileSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { AgentEvent } from '../../src/agent/agent-event.ts';
import type { Answering } from '../../src/agent/answering.ts';
import { LoadBalancers, type RunningContainer } from '../../src/agent/load-balancers.ts';
import type { AssignedInstance, Assignment } from '../../src/model/assignment.ts';
import { GridError } from '../../src/model/error.ts';
import { systemClock } from '../../src/runtime/clock.ts';
import { silentLog } from '../../src/runtime/log.ts';
import { aBackend, aBalancing } from '../support/a-balancing.ts';
import { anAssignedInstance, aService } from '../support/builders.ts';
import { eventually } from '../support/world.ts';

const nobody: Answering = { of: () => [], onChange: () => () => undefined };

describe('the load balancers of a node', () => {
  let directory: string;
  let balancers: LoadBalancers;
  const events: AgentEvent[] = [];
  const asked: (readonly string[])[] = [];
  let missing = false;
  let running: readonly RunningContainer[] | null;

  beforeEach(async () => {
    directory = await mkdtemp(path.join(tmpdir(), 'gridops-balancers-'));
    events.length = 0;
    asked.length = 0;
    missing = false;
    running = [{ id: 'lb-container', specHash: aBalancer().specHash }];
    balancers = new LoadBalancers({
      directory,
      answering: nobody,
      containers: {
        createExec: async (_, hook) => {
          asked.push(hook.command);
          return await Promise.resolve('exec');
        },
        exec: async () => await Promise.resolve({ exitCode: 0, log: [] }),
      },
      secrets: {
        reveal: (value) => {
          if (missing)
            throw new GridError({ code: 'secret-missing', message: 'no value of admin' });
          return value;
        },
        conceal: (text) => text,
      },
      runningContainers: () => running,
      clock: systemClock,
      log: silentLog,
      onEvent: (event) => events.push(event),
    });
  });

  afterEach(async () => {
    await balancers.stop();
    await rm(directory, { recursive: true, force: true });
  });

  it('have their configuration in a folder that their container mounts, once HAProxy takes it', async () => {
    balancers.apply(assigning(aBalancer()));
    const [mount, sockets] = balancers.mountsOf(aBalancer());
    expect(mount).toMatchObject({ target: '/run/gridops-lb', readOnly: true });
    // All that the container can write to is what the agent only connects to.
    expect(sockets).toMatchObject({ target: '/run/gridops-lb/run', readOnly: false });
    const file = path.join(mount?.source ?? '', 'haproxy.cfg');
    await eventually(async () => await Promise.resolve(existsSync(file) ? true : null), file);
    expect(asked[0]).toEqual(['haproxy', '-c', '-f', '/run/gridops-lb/next.cfg']);
  });

  it('are told what is wanted until the last container of an earlier spec is gone', async () => {
    const [before, after] = [aBalancer(), { ...aBalancer(), specHash: 'newer' }];
    balancers.apply(assigning(before));
    await configured(before);
    balancers.apply(assigning({ ...after, balancing: aBalancing([aBackend('web')]) }));
    await configured(before, 'shop');
    expect(await readdir(directory)).toHaveLength(2);

    running = [
      { id: 'lb-newer', specHash: 'newer' },
      { id: 'lb-container', specHash: before.specHash },
    ];
    balancers.wake('lb/lb-1');
    await configured(after, 'shop');
    running = running.slice(0, 1);
    balancers.wake('lb/lb-1');
    await leftOver(1);
    await configured(after, 'shop');
  });

  it('serve to the end of their container when nobody assigns them any more', async () => {
    balancers.apply(assigning(aBalancer()));
    await configured(aBalancer());
    balancers.apply(assigning());
    balancers.wake('lb/lb-1');
    expect(await readdir(directory)).toHaveLength(1);
    running = [];
    balancers.wake('lb/lb-1');
    await leftOver(0);
  });

  it('keep what containers mount that nobody has looked at yet', async () => {
    await mkdir(path.join(directory, 'of-before'));
    running = null;
    balancers.apply(assigning(aBalancer()));
    balancers.wake('lb/lb-1');
    expect(await readdir(directory)).toContain('of-before');
    running = [];
    balancers.wake('lb/lb-1');
    await leftOver(1);
  });

  it('share no folder between two containers of one instance', () => {
    const before = balancers.mountsOf(aBalancer());
    expect(balancers.mountsOf({ ...aBalancer(), specHash: 'another' })).not.toEqual(before);
    expect(balancers.mountsOf(aBalancer())).toEqual(before);
    expect(balancers.mountsOf(anAssignedInstance(aService()))).toEqual([]);
  });

  it('have sockets whose paths the kernel takes, whatever their names', () => {
    const long = anAssignedInstance(aService({ stack: 's'.repeat(200), name: 'n'.repeat(200) }));
    const [mount] = balancers.mountsOf({ ...long, balancing: aBalancing([]) });
    expect(path.basename(mount?.source ?? '')).toHaveLength(16);
  });

  it('leave nothing behind when they are assigned to another node', async () => {
    await mkdir(path.join(directory, 'left-over'));
    balancers.apply(assigning());
    await leftOver(0);
  });

  /** Until HAProxy of this instance's spec would read a configuration with this in it. */
  async function configured(instance: AssignedInstance, text = ''): Promise<void> {
    const file = path.join(balancers.mountsOf(instance)[0]?.source ?? '', 'haproxy.cfg');
    const has = (): true | null =>
      existsSync(file) && readFileSync(file, 'utf8').includes(text) ? true : null;
    await eventually(async () => await Promise.resolve(has()), `${file} with ${text}`);
  }

  async function leftOver(folders: number): Promise<void> {
    await eventually(
      async () => ((await readdir(directory)).length === folders ? true : null),
      `${folders} folders`,
    );
  }

  it('say what is missing of a secret, and of which of them', () => {
    missing = true;
    balancers.apply(assigning(aBalancer()));
    expect(events).toMatchObject([{ path: 'lb/lb-1', message: 'no value of admin' }]);
  });
});

function aBalancer(): AssignedInstance {
  return {
    ...anAssignedInstance(aService({ stack: 'lb', name: 'lb' })),
    balancing: aBalancing([]),
  };
}

function assigning(...instances: readonly AssignedInstance[]): Assignment {
  return { grid: 'demo', node: 'a', generation: 1, roster: ['a'], instances, kept: [] };
}
