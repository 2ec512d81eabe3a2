import type { Refusal } from './schema-parts.ts';

/**
 * Keys of Compose's files that gridops will not act on, because something that it stands for is in their way. Each says what,
 * and what to write instead.
 */

const windowsCpus: Refusal = {
  message: 'counts CPUs as Windows does; nodes are Linux hosts',
  hint: 'Write "cpus", the number of CPUs at most.',
};

export const refusedServiceKeys: Readonly<Record<string, Refusal>> = named({
  cpu_count: windowsCpus,
  cpu_percent: windowsCpus,
  credential_spec: {
    message: 'is about Windows accounts; nodes are Linux hosts',
    hint: 'Take it out.',
  },
  isolation: {
    message: 'chooses a technology of Windows; nodes are Linux hosts',
    hint: 'Take it out; "runtime" chooses another runtime of the engine.',
  },
  models: {
    message: 'needs a model runner, which nodes do not have',
    hint: 'Run the model as a service, and tell its address in "environment".',
  },
  provider: {
    message: 'runs a program beside the containers; gridops runs nothing but containers',
    hint: 'Run what it provides as a service, or outside of the grid.',
  },
  use_api_socket: {
    message:
      "lends the engine's socket together with its user's credentials; nodes have no such user",
    hint: 'Write "volumes: [/var/run/docker.sock:/var/run/docker.sock]"; that is the whole node.',
  },
  volume_driver: {
    message: 'chooses a driver for all volumes of a service at once',
    hint: 'Declare the volumes in "volumes" at the top, each with its "driver".',
  },
});

export const refusedNetworkKeys: Readonly<Record<string, Refusal>> = named({
  driver_opts: {
    message: 'sets up a network of its own; all containers of a grid are in one',
    hint: 'Take it out.',
  },
  interface_name: {
    message: 'names the interface of one of several networks; there is only one',
    hint: 'Take it out.',
  },
  ipv4_address: {
    message: 'fixes an address; instances move between nodes and get a new one with each container',
    hint: 'Use the name of the service; for more names write "aliases".',
  },
  ipv6_address: {
    message: 'fixes an address; instances move between nodes and get a new one with each container',
    hint: 'Use the name of the service; for more names write "aliases".',
  },
  link_local_ips: {
    message: 'fixes addresses; instances move between nodes and get a new one with each container',
    hint: 'Use the name of the service; for more names write "aliases".',
  },
  mac_address: {
    message: 'belongs to one of several networks; there is only one',
    hint: 'Write "mac_address" at the service.',
  },
});

export const refusedResourceKeys: Readonly<Record<string, Refusal>> = named({
  generic_resources: {
    message: 'counts resources that only Swarm keeps account of',
    hint: 'Label the nodes that have the resource, and write "affinity: [label==…]".',
  },
});

export const refusedPlacementKeys: Readonly<Record<string, Refusal>> = named({
  max_replicas_per_node: {
    message: 'bounds the instances on a node, which no strategy does',
    hint: 'With "deploy: {strategy: daemon}" each node has exactly "instances" of them.',
  },
});

function named(refusals: Readonly<Record<string, Refusal>>): Readonly<Record<string, Refusal>> {
  const entries = Object.entries(refusals).map(([key, { message, hint }]) => [
    key,
    { message: `"${key}" ${message}`, hint },
  ]);
  return Object.fromEntries(entries) as Readonly<Record<string, Refusal>>;
}
