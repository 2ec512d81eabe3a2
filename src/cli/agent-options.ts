import { hostname } from 'node:os';
import { GridError } from '../model/error.ts';
import type { NetworkMode } from '../model/network.ts';
import type { LogLevel } from '../runtime/log.ts';
import type { Io } from './io.ts';
import type { agentSettings, Values } from './settings.ts';

const HOUR = 3_600_000;

type AgentSettings = Values<typeof agentSettings>;

/** The agent's settings as the options that it is started with. Throws `GridError` `invalid-configuration`. */
export function agentOptions(settings: AgentSettings, io: Io) {
  if (settings.master === null)
    throw new GridError({
      code: 'invalid-configuration',
      message: "the agent needs the master's address",
      hint: 'Give it: --master or GRIDOPS_MASTER.',
    });
  const { concurrency } = settings;
  return {
    master: settings.master,
    joinToken: settings.token,
    name: settings.name ?? hostname(),
    labels: settings.label,
    directory: settings.data,
    dockerSocket: settings.docker ?? dockerAddress(io.env),
    publishAddress: settings.publish_address,
    network: {
      mode: settings.network as NetworkMode | null,
      publicAddress: settings.public_address,
      privateAddress: settings.private_address,
      wireguardImage: settings.wireguard_image,
      hostsFile: settings.hosts_file,
    },
    ...(concurrency === null ? {} : { concurrency }),
    imageKeep: settings.image_keep * HOUR,
    logLevel: settings.log_level as LogLevel,
  };
}

export type AgentStart = ReturnType<typeof agentOptions>;

/** Where Docker's own tools would look. */
export function dockerAddress(env: Io['env']): string {
  const host = env['DOCKER_HOST'] ?? '';
  return host === '' ? '/var/run/docker.sock' : host;
}
