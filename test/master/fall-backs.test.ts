import { beforeEach, describe, expect, it } from 'vitest';
import { FallBacks } from '../../src/master/fall-backs.ts';
import { Fleet, unheard } from '../../src/master/fleet.ts';
import { type Prepared, prepareDesired } from '../../src/master/prepare.ts';
import type { Service } from '../../src/model/grid.ts';
import { defaultPolicy, plan } from '../../src/planner/plan.ts';
import type { ProvenService } from '../../src/store/proven.ts';
import {
  aFailure,
  aGrid,
  anObservedInstance,
  aPlan,
  aService,
  desiring,
  NOW,
  running,
  someFacts,
} from '../support/builders.ts';

const good = aService({ onFailure: 'rollback', specHash: 'good' });
const bad = { ...good, specHash: 'bad' };
const failing = { path: 'shop/web', number: 1, node: 'node-1', failure: aFailure() };

let rows: Map<string, ProvenService>;
let fleet: Fleet;

beforeEach(() => {
  rows = new Map();
  fleet = new Fleet();
});

async function load(): Promise<FallBacks> {
  const made = new FallBacks({
    grid: 'demo',
    fleet,
    records: {
      list: async () => await Promise.resolve([...rows.values()]),
      put: async (services) => {
        for (const one of services) rows.set(one.path, structuredClone(one));
        await Promise.resolve();
      },
      remove: async (paths) => {
        for (const path of paths) rows.delete(path);
        await Promise.resolve();
      },
    },
  });
  await made.load();
  return made;
}

function shows(...services: readonly Service[]): void {
  const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
  fleet.put({ ...node, online: true, observed: true, instances: services.map((s) => running(s)) });
}

function wanting(...services: readonly Service[]): Prepared {
  return prepareDesired(desiring(services));
}

/** As after a deploy of these that went well. */
async function proven(...services: readonly Service[]): Promise<FallBacks> {
  const fallBacks = await load();
  shows(...services);
  await fallBacks.apply(wanting(...services));
  await fallBacks.learn(aPlan());
  return fallBacks;
}

describe('what services last served with', () => {
  it('is learnt once nothing is left to do for them and an instance is ready', async () => {
    const api = aService({ name: 'api' });
    const fallBacks = await load();
    await fallBacks.apply(wanting(good, api));
    await fallBacks.learn(aPlan());
    expect([...rows.keys()]).toEqual([]);

    shows(good, api);
    const waiting = [{ stack: 'shop', service: 'api', number: 2, reason: 'waits' }];
    await fallBacks.learn(aPlan({ waiting }));
    expect([...rows.keys()]).toEqual(['shop/web']);

    await fallBacks.learn(aPlan());
    expect([...fallBacks.history.proven.keys()]).toEqual(['shop/web', 'shop/api']);
  });

  it('is not learnt of a container that does not serve', async () => {
    const fallBacks = await load();
    const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
    const down = anObservedInstance(running(good, 1, { ready: false }));
    fleet.put({ ...node, online: true, observed: true, instances: [down] });
    await fallBacks.apply(wanting(good));
    await fallBacks.learn(aPlan());
    expect(rows.size).toBe(0);
  });

  it('is forgotten when the service and all that was of it are gone', async () => {
    const fallBacks = await proven(good);

    await fallBacks.apply(wanting());
    expect([...rows.keys()]).toEqual(['shop/web']);

    shows();
    await fallBacks.apply(wanting());
    expect(rows.size).toBe(0);
  });
});

describe('a service whose new spec failed', () => {
  it('is wanted as it last served, by the next process as well', async () => {
    const fallBacks = await proven(good);
    const prepared = wanting(bad);
    await fallBacks.apply(prepared);

    expect(await fallBacks.reject([failing], prepared)).toMatchObject([
      { service: 'web', specHash: 'bad', revision: aPlan().revision, instances: 1 },
    ]);

    for (const one of [fallBacks, await load()]) {
      const made = await one.apply(wanting(bad));
      expect(made.services.get('shop/web')?.specHash).toBe('good');
      expect(one.explain(aPlan(), made).rolledBack).toHaveLength(1);
      expect([...one.history.rolledBack]).toEqual(['shop/web']);
    }
  });

  it('is rejected once', async () => {
    const fallBacks = await proven(good);
    const prepared = wanting(bad);
    await fallBacks.apply(prepared);
    await fallBacks.reject([failing], prepared);
    expect(await fallBacks.reject([failing], prepared)).toEqual([]);
  });

  it.each([
    ['is wanted to be held now', { ...bad, onFailure: 'hold' as const }],
    ['has another spec now', { ...bad, specHash: 'better' }],
  ])('is wanted as git says when it %s', async (_, next) => {
    const fallBacks = await proven(good);
    const prepared = wanting(bad);
    await fallBacks.apply(prepared);
    await fallBacks.reject([failing], prepared);

    const made = await fallBacks.apply(wanting(next));

    expect(made.services.get('shop/web')?.specHash).toBe(next.specHash);
    expect(fallBacks.explain(aPlan(), made).rolledBack).toBeUndefined();
  });

  it('is tried again when a person asks for it', async () => {
    const fallBacks = await proven(good);
    const prepared = wanting(bad);
    await fallBacks.apply(prepared);
    await fallBacks.reject([failing], prepared);

    await fallBacks.retry();

    expect((await fallBacks.apply(prepared)).services.get('shop/web')?.specHash).toBe('bad');
    expect(rows.get('shop/web')?.rejected).toBeNull();
  });

  it.each([
    ['that has served before', good, 'its spec has served before'],
    ['that never served', { ...bad, name: 'api' }, 'it is not known to have served before'],
  ])('%s is held, with the reason', async (_, service, reason) => {
    const fallBacks = await proven(good);
    const prepared = wanting(service);
    await fallBacks.apply(prepared);
    const id = { stack: 'shop', service: service.name, number: 1, node: 'node-1' };

    const failures = [{ ...failing, path: `shop/${service.name}` }];
    expect(await fallBacks.reject(failures, prepared)).toEqual([]);

    const halted = [{ ...id, failure: aFailure(), remaining: 0 }];
    expect(fallBacks.explain(aPlan({ halted }), prepared).halted[0]?.notRolledBack).toBe(reason);
  });

  it('goes by the grid where it does not say it itself, but for what is stateful', async () => {
    const grid = aGrid({ onFailure: 'rollback' });
    for (const [stateful, count] of [
      [false, 1],
      [true, 0],
    ] as const) {
      const { onFailure: _own, ...plain } = good;
      const fallBacks = await proven({ ...plain, stateful });
      const next = { ...plain, stateful, specHash: 'bad' };
      const prepared = prepareDesired(desiring([next], { grid }));
      await fallBacks.apply(prepared);
      expect(await fallBacks.reject([failing], prepared)).toHaveLength(count);
      rows.clear();
    }
  });
});

describe('a job', () => {
  const rules = { kind: 'on-deploy', timeout: null, retries: 0, history: 10 } as const;
  const migrate = (specHash: string) => aService({ name: 'migrate', specHash, job: rules });
  const web = (specHash: string) =>
    aService({ specHash, onFailure: 'rollback', dependsOn: ['shop/migrate'] });
  const grid = aGrid({ onFailure: 'rollback' });
  const wantingBoth = (migration: string, version: string): Prepared =>
    prepareDesired(desiring([migrate(migration), web(version)], { grid }));

  /** What a node shows of a migration that has succeeded, and of the service after it. */
  function migrated(specHash: string, version: string): void {
    const job = { specHash, succeeded: true, running: null, nextAt: null, runs: [] };
    const done = {
      stack: 'shop',
      service: 'migrate',
      number: 1,
      current: null,
      attempt: null,
      job,
    };
    const node = unheard({ grid: 'demo', name: 'node-1', now: NOW });
    const instances = [done, running(web(version))];
    const facts = someFacts({ jobs: true });
    fleet.put({ ...node, online: true, observed: true, facts, instances });
  }

  it('is never gone back to, however well it ended', async () => {
    const fallBacks = await load();
    migrated('m1', 'w1');
    await fallBacks.apply(wantingBoth('m1', 'w1'));
    await fallBacks.learn(aPlan());
    expect([...rows.keys()]).toEqual(['shop/web']);

    const prepared = wantingBoth('m2', 'w2');
    await fallBacks.apply(prepared);
    const failed = { ...failing, path: 'shop/migrate' };
    expect(await fallBacks.reject([failed], prepared)).toEqual([]);

    const { failure } = failed;
    const id = { stack: 'shop', service: 'migrate', number: 1, node: 'node-1' };
    const halted = [{ ...id, failure, remaining: 0 }];
    expect(fallBacks.explain(aPlan({ halted }), prepared).halted).toMatchObject([
      { notRolledBack: 'it is a job, and half of it may be done' },
    ]);
  });

  it('is not gone back to as the service that it was', async () => {
    const fallBacks = await proven(aService({ name: 'migrate', specHash: 'm0' }));
    const prepared = wantingBoth('m1', 'w1');
    await fallBacks.apply(prepared);

    expect(await fallBacks.reject([{ ...failing, path: 'shop/migrate' }], prepared)).toEqual([]);
  });

  it('that has succeeded is left alone when what depends on it is rolled back', async () => {
    const fallBacks = await load();
    migrated('m1', 'w1');
    await fallBacks.apply(wantingBoth('m1', 'w1'));
    await fallBacks.learn(aPlan());
    migrated('m2', 'w2');
    const prepared = wantingBoth('m2', 'w2');
    await fallBacks.apply(prepared);

    expect(await fallBacks.reject([failing], prepared)).toMatchObject([{ service: 'web' }]);

    const { services, desired } = await fallBacks.apply(prepared);
    const hashes = ['shop/migrate', 'shop/web'].map((path) => services.get(path)?.specHash);
    expect(hashes).toEqual(['m2', 'w1']);
    const observed = fleet.observedState('demo', {});
    const { history } = fallBacks;
    const made = plan({ desired, observed, now: NOW, policy: defaultPolicy, history });
    const steps = made.waves.flatMap((wave) => wave.steps);
    expect(steps.map(({ kind, service }) => `${kind} ${service}`)).toEqual(['replace web']);
  });
});
