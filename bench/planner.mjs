import { shortDigest } from '../dist/model/digest.js';
import { createPlanner, defaultPolicy } from '../dist/planner/plan.js';
import { fixed, median, table } from './measure.mjs';

const NOW = 1_800_000_000_000;

/**
 * Plan time for many services on many nodes: nothing placed yet, everything running and nothing to do, and everything
 * running with one service changed. Beside it a loop that only walks over the same instances and decides nothing.
 */
export function benchPlanner({ sizes, rounds, log }) {
  return sizes.map(({ services, nodes, instances }) => {
    log(`${services} services x ${instances} on ${nodes} nodes`);
    const world = build({ services, nodes, instances });
    const times = { cold: [], converged: [], changed: [], walk: [] };
    for (let round = 0; round < rounds; round += 1) {
      const planner = createPlanner();
      times.cold.push(timed(() => planner.plan(input(world.desired, world.empty))));
      const running = createPlanner();
      times.converged.push(timed(() => running.plan(input(world.desired, world.running))));
      times.changed.push(
        timed(() => running.plan(input(world.changedDesired(round), world.running))),
      );
      times.walk.push(timed(() => walk(world.running)));
    }
    return {
      services,
      nodes,
      instances,
      rounds,
      milliseconds: mapValues(times, median),
      raw: times,
    };
  });
}

export function printPlanner(results) {
  const rows = results.map(({ services, nodes, instances, milliseconds }) => [
    `${services} x ${instances} on ${nodes}`,
    `${fixed(milliseconds.cold, 0)} ms`,
    `${fixed(milliseconds.converged, 0)} ms`,
    `${fixed(milliseconds.changed, 1)} ms`,
    `${fixed(milliseconds.walk, 1)} ms`,
  ]);
  return `Plan time\n${table([['services x instances on nodes', 'first placement', 'all running', 'one changed', 'bare walk'], ...rows])}`;
}

function timed(act) {
  const began = performance.now();
  act();
  return performance.now() - began;
}

function input(desired, observed) {
  return { desired, observed, now: NOW, policy: defaultPolicy };
}

function walk({ nodes }) {
  let count = 0;
  for (const host of nodes)
    for (const instance of host.instances) if (instance.current?.ready) count += 1;
  return count;
}

function build({ services: serviceCount, nodes: nodeCount, instances }) {
  const services = Array.from({ length: serviceCount }, (_, at) =>
    service(at, instances, 'demo:1'),
  );
  const desired = state(services);
  const empty = { nodes: Array.from({ length: nodeCount }, (_, at) => node(at, [])) };
  const hosted = Array.from({ length: nodeCount }, () => []);
  services.forEach((one, at) => {
    for (let number = 1; number <= instances; number += 1)
      hosted[(at * instances + number) % nodeCount].push([one, number]);
  });
  const running = { nodes: hosted.map((list, at) => node(at, list)) };
  const changedDesired = (round) => {
    const at = round % serviceCount;
    return state(services.with(at, service(at, instances, `demo:${round + 2}`)));
  };
  return { desired, empty, running, changedDesired };
}

function service(at, instances, image) {
  const spec = {
    image,
    command: null,
    entrypoint: null,
    env: {},
    user: null,
    ports: [],
    mounts: [],
    networkMode: 'bridge',
    hostPid: false,
    privileged: false,
    readOnly: false,
    capAdd: [],
    capDrop: [],
    memory: null,
    memorySwap: null,
    shmSize: null,
    cpus: null,
    cpuShares: null,
    stopSignal: null,
    stopGracePeriod: 10,
    logging: null,
    waitForPort: null,
    healthCheck: null,
    labels: {},
  };
  return {
    stack: `stack-${Math.floor(at / 10)}`,
    name: `service-${at % 10}`,
    instances,
    stateful: false,
    affinity: [],
    strategy: 'ha',
    minHealth: 0.8,
    dependsOn: [],
    spec,
    specHash: shortDigest({ spec, at }),
    position: { file: 'kontena.yml', line: 1, column: 1 },
  };
}

function state(services) {
  const stacks = new Map();
  for (const one of services) stacks.set(one.stack, [...(stacks.get(one.stack) ?? []), one]);
  const grid = {
    name: 'bench',
    subnet: '10.81.0.0/16',
    trustedSubnets: [],
    mtu: 1370,
    defaultAffinity: [],
    nodes: {},
    pruneBudget: 1,
    deployTimeout: 600,
  };
  return {
    grid,
    revision: 'a'.repeat(40),
    stacks: [...stacks].map(([name, own]) => ({ name, services: own })),
    held: [],
  };
}

function node(at, hosted) {
  return {
    name: `node-${at}`,
    status: 'online',
    lastSeenAt: NOW,
    availability: 'active',
    facts: {
      labels: [`az=${at % 3}`],
      cpus: 32,
      memory: 256 * 2 ** 30,
      engineVersion: '27.0.0',
      agentVersion: '0.1.0',
      operatingSystem: 'simulated',
      architecture: 'x86_64',
      volumeDrivers: ['local'],
      publishAddress: '0.0.0.0',
    },
    instances: hosted.map(([one, number]) => ({
      stack: one.stack,
      service: one.name,
      number,
      current: {
        id: `${one.stack}.${one.name}-${number}`,
        specHash: one.specHash,
        revision: 'a'.repeat(40),
        running: true,
        ready: true,
        health: 'unknown',
        startedAt: NOW,
      },
      attempt: null,
    })),
    assigned: hosted.map(([one, number]) => ({
      stack: one.stack,
      service: one.name,
      number,
      specHash: one.specHash,
    })),
  };
}

function mapValues(record, map) {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, map(value)]));
}
