import { shortDigest } from '../dist/model/digest.js';
import { createPlanner, defaultPolicy } from '../dist/planner/plan.js';
import { fixed, median, table } from './measure.mjs';

const NOW = 1_800_000_000_000;
/** Services of a stack. */
const STACK = 10;

/**
 * Plan time for many services on many nodes: nothing placed yet; everything running, for a planner that knows nothing; then,
 * for the planner that has seen it, one service changed, and one instance reported. Beside it a loop that only walks over
 * the same instances and decides nothing.
 */
export function benchPlanner({ sizes, rounds, log }) {
  return sizes.map(({ services, nodes, instances, ...size }) => {
    const own = size.rounds ?? rounds;
    log(`${services} services x ${instances} on ${nodes} nodes`);
    const world = build({ services, nodes, instances });
    const times = { cold: [], converged: [], changed: [], reported: [], walk: [] };
    for (let round = 0; round < own; round += 1) {
      const planner = createPlanner();
      times.cold.push(timed(() => planner.plan(input(world.desired, world.empty))));
      const running = createPlanner();
      times.converged.push(timed(() => running.plan(input(world.desired, world.running))));
      const changed = world.changedDesired(round);
      times.changed.push(timed(() => running.plan(input(changed, world.running))));
      times.reported.push(timed(() => running.plan(input(changed, world.reported(round)))));
      times.walk.push(timed(() => walk(world.running)));
    }
    return {
      services,
      nodes,
      instances,
      rounds: own,
      milliseconds: mapValues(times, median),
      raw: times,
    };
  });
}

export function printPlanner(results) {
  const rows = results.map(({ services, nodes, instances, milliseconds }) => [
    `${services} x ${instances} on ${nodes}`,
    ...['cold', 'converged', 'changed', 'reported'].flatMap((what) => [
      `${fixed(milliseconds[what], 1)} ms`,
      fixed(milliseconds[what] / milliseconds.walk, milliseconds[what] < milliseconds.walk ? 3 : 0),
    ]),
    `${fixed(milliseconds.walk, 2)} ms`,
  ]);
  return `Plan time\n${table([['services x instances on nodes', 'first placement', 'to walk', 'all running', 'to walk', 'one changed', 'to walk', 'one reported', 'to walk', 'bare walk'], ...rows])}`;
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
  // As the compiler does: a stack that a commit did not touch is the same object.
  const changedDesired = (round) => {
    const at = round % desired.stacks.length;
    const stack = desired.stacks[at];
    const changed = service(at * STACK, instances, `demo:${round + 2}`);
    const touched = { ...stack, services: stack.services.with(0, changed) };
    return { ...desired, stacks: desired.stacks.with(at, touched) };
  };
  const reported = (round) => {
    const at = round % running.nodes.length;
    const host = running.nodes[at];
    const [first, ...others] = host.instances;
    const again = { ...first, current: { ...first.current, startedAt: NOW + round } };
    return { nodes: running.nodes.with(at, { ...host, instances: [again, ...others] }) };
  };
  return { desired, empty, running, changedDesired, reported };
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
    stack: `stack-${Math.floor(at / STACK)}`,
    name: `service-${at % STACK}`,
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
