import { describe, expect, test } from 'vitest';
import type { Service } from '../../src/model/grid.ts';
import { instancePath, servicePath } from '../../src/model/identity.ts';
import type { ObservedState } from '../../src/model/observed.ts';
import { isConverged, type Plan } from '../../src/model/plan.ts';
import { createPlanner, defaultPolicy, type Planner, plan } from '../../src/planner/plan.ts';
import { weight } from '../../src/planner/random.ts';
import { aGrid, aPort, aService, aSpec, aVolumeMount, desiring, NOW } from '../support/builders.ts';
import { type Outage, SimulatedFleet, type SimulatedHost } from './simulated-fleet.ts';

const NODES = 1_000;
const EVENTS = 300;
/** A plan made by a planner without a past takes long: one in so many is compared. */
const COMPARED = 25;

const services: readonly Service[] = [
  ...make(90, (at) => ({ name: `plain-${at}`, instances: 12 })),
  ...make(20, (at) => ({ name: `drawn-${at}`, instances: 12, strategy: 'random' })),
  ...make(20, (at) => ({
    name: `large-${at}`,
    instances: 12,
    spec: aSpec({ memory: 3 * 1024 ** 3, cpus: 1.5 }),
  })),
  ...make(10, (at) => ({
    name: `door-${at}`,
    instances: 12,
    spec: aSpec({ ports: [aPort(8_000 + (at % 3))] }),
  })),
  ...make(10, (at) => ({
    name: `cache-${at}`,
    instances: 12,
    spec: aSpec({ mounts: [aVolumeMount()] }),
  })),
  ...make(10, (at) => ({ name: `data-${at}`, instances: 12, stateful: true })),
];

function make(count: number, of: (at: number) => Partial<Service>): readonly Service[] {
  return Array.from({ length: count }, (_, at) => aService(of(at)));
}

const byPath = new Map(
  services.map((one) => [servicePath({ stack: one.stack, service: one.name }), one]),
);
const wanted = services.reduce((sum, one) => sum + one.instances, 0);
/** All that a plan has to do may be done at once: how much at a time is not what this is about. */
const policy = { ...defaultPolicy, atOnce: wanted };
const desired = desiring(services, { grid: aGrid({ pruneBudget: 1 }) });

/** Numbers that look random, and are the same every time. */
function chanceOf(seed: number): (below: number) => number {
  let drawn = 0;
  return (below) => {
    drawn += 1;
    return weight(seed, drawn) % below;
  };
}

/** A grid of a thousand nodes, and everything that happens to it. */
class Simulation {
  readonly fleet: SimulatedFleet;
  readonly #chance: (below: number) => number;
  #planner: Planner = createPlanner();
  #plans = 0;
  /** Where each instance was last told to be. */
  readonly #homes = new Map<string, SimulatedHost>();
  readonly #movedAt = new Map<string, number>();
  /** What nobody could have done without: each loss of an instance's node for longer than its grace period, once. */
  readonly #losses = new Map<string, number>();
  moves = 0;
  needed = 0;
  /** Whatever should never have happened. */
  readonly faults: string[] = [];

  constructor(seed: number) {
    this.#chance = chanceOf(seed);
    const hosts = Array.from({ length: NODES }, (_, at) => ({
      name: `node-${at}`,
      labels: [`region=${at % 3}`, `az=${at % 9}`],
    }));
    this.fleet = new SimulatedFleet({ hosts, services, chance: this.#chance, now: NOW });
  }

  /** One thing happens, and the master looks at the grid, as often as it does in between. */
  happen(): void {
    this.fleet.advance(1_000 * (1 + this.#chance(60)));
    const what = this.#chance(100);
    const [host] = this.#some(1);
    if (what < 55) for (const one of this.#some(1 + this.#chance(4))) this.fleet.lose(one);
    else if (what < 90) for (const one of this.#lost()) this.#bringBack(one);
    else if (what < 93) this.#loseZone();
    else if (what < 97) this.#restartMaster();
    else if (host !== undefined) this.#stumble(host);
    this.look();
  }

  look(): Plan {
    return this.#carryOut(this.fleet.observe());
  }

  bringAllBack(): void {
    for (const host of this.fleet.hosts)
      if (host.downSince !== null) this.fleet.bringBack(host, 'cut off');
  }

  #carryOut(observed: ObservedState): Plan {
    this.#countLosses();
    const made = this.#planner.plan(this.#input(observed));
    this.#plans += 1;
    if (this.#plans % COMPARED === 0) this.#compare(made, observed);
    for (const step of made.waves[0]?.steps ?? []) {
      const path = instancePath(step);
      const host = this.fleet.host(step.node);
      // What is under way is part of every plan until it is done.
      if (step.kind !== 'remove' && host.orders.has(path)) continue;
      if (step.kind === 'create') this.#moved(path, host);
      else if (step.kind === 'replace') this.faults.push(`${path} is replaced: ${step.reason}`);
      else if (this.#isLast(path, step.node))
        this.faults.push(`${path} is removed: ${step.reason}`);
    }
    this.fleet.dispatch(made);
    return made;
  }

  /** A planner that knows nothing, and is told in another order, makes the same plan. */
  #compare(made: Plan, observed: ObservedState): void {
    const nodes = observed.nodes.toSorted(() => this.#chance(3) - 1);
    expect(plan(this.#input({ nodes }))).toEqual(made);
  }

  #input(observed: ObservedState) {
    return { desired, observed, now: this.fleet.now, policy };
  }

  #moved(path: string, to: SimulatedHost): void {
    const home = this.#homes.get(path);
    this.#homes.set(path, to);
    if (home === undefined || home === to) return;
    this.moves += 1;
    const grace = this.#grace(path);
    const away = home.downSince === null ? 0 : this.fleet.now - home.downSince;
    if (away < grace) this.faults.push(`${path} leaves ${home.name}, which is away for ${away} ms`);
    const rested = this.fleet.now - (this.#movedAt.get(path) ?? 0);
    if (rested < grace) this.faults.push(`${path} moves again after ${rested} ms`);
    this.#movedAt.set(path, this.fleet.now);
  }

  /** What is taken away while it is assigned nowhere else would be gone. */
  #isLast(path: string, node: string): boolean {
    const home = this.#homes.get(path);
    if (home?.name !== node) return false;
    const other = this.fleet.hosts.find((one) => one !== home && one.orders.has(path));
    // A move that was called off: its node came back before the other was ready.
    if (other !== undefined) this.#homes.set(path, other);
    return other === undefined;
  }

  #countLosses(): void {
    for (const host of this.fleet.hosts) {
      if (host.downSince === null) continue;
      for (const path of host.orders.keys()) {
        const isLost = this.fleet.now - host.downSince >= this.#grace(path);
        if (!isLost || this.#homes.get(path) !== host) continue;
        if (this.#losses.get(path) === host.downSince) continue;
        this.#losses.set(path, host.downSince);
        this.needed += 1;
      }
    }
  }

  #grace(path: string): number {
    const service = byPath.get(path.replace(/-\d+$/, ''));
    if (service === undefined) throw new Error(`no service of ${path}`);
    return service.stateful ? Infinity : defaultPolicy.gracePeriod[service.strategy];
  }

  #restartMaster(): void {
    this.#planner = createPlanner();
    this.#carryOut(this.fleet.restartMaster());
    this.fleet.advance(1_000 * this.#chance(5));
  }

  /** Away for less than any grace period. */
  #stumble(host: SimulatedHost): void {
    this.fleet.lose(host);
    this.look();
    this.fleet.advance(20_000);
    this.look();
    this.fleet.bringBack(host, 'rebooted');
  }

  #loseZone(): void {
    const zone = this.#chance(9);
    const inZone = this.fleet.hosts.filter((_, at) => at % 9 === zone && at < NODES / 4);
    for (const host of inZone) if (host.downSince === null) this.fleet.lose(host);
  }

  #bringBack(host: SimulatedHost): void {
    const outages: readonly Outage[] = ['cut off', 'cut off', 'rebooted', 'wiped'];
    this.fleet.bringBack(host, outages[this.#chance(4)] ?? 'cut off');
  }

  #some(count: number): readonly SimulatedHost[] {
    const up = this.fleet.hosts.filter(({ downSince }) => downSince === null);
    const from = this.#chance(up.length);
    return up.slice(from, from + count);
  }

  /** A few of those that are away, whatever the time is. */
  #lost(): readonly SimulatedHost[] {
    return this.fleet.hosts.filter(({ downSince }) => downSince !== null && this.#chance(4) === 0);
  }
}

/** Another one is another history. */
const SEED = 1;

describe('a thousand nodes that fail and come back at random', () => {
  test('lose no instance, and move none in vain', { timeout: 60_000 }, () => {
    const simulation = new Simulation(SEED);
    simulation.look();
    simulation.fleet.advance(60_000);
    expect(isConverged(simulation.look())).toBe(true);

    for (let event = 0; event < EVENTS; event += 1) simulation.happen();

    expect(simulation.faults).toEqual([]);
    expect(simulation.needed).toBeGreaterThan(500);
    expect(simulation.moves).toBeGreaterThan(simulation.needed * 0.9);
    expect(simulation.moves).toBeLessThanOrEqual(simulation.needed * 1.01);

    simulation.bringAllBack();
    const moves = simulation.moves;
    for (let round = 0; round < 20 && !isConverged(simulation.look()); round += 1)
      simulation.fleet.advance(15_000);
    const last = simulation.look();
    expect(isConverged(last)).toBe(true);
    expect(last.blocked).toEqual([]);
    expect(simulation.moves).toBe(moves);
    const places = simulation.fleet.hosts.flatMap(({ containers }) => [...containers.keys()]);
    expect(places.length).toBe(wanted);
    expect(new Set(places).size).toBe(wanted);
  });
});
