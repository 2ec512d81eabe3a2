import { present } from '../model/present.ts';
import {
  type ContainerOptionsInput,
  containerOptions,
  type Endpoint,
} from './container-options.ts';
import type { HookCreation, PlacedInstance } from './containers.ts';
import { attachmentLabels, hookRunLabels } from './labels.ts';

/**
 * The engine's create request for a pre-start hook's container: the instance's, but for the command. Nobody may take it for
 * the instance: it publishes no ports, has no address of its own and answers to none of its names (newer engines make a name
 * of the host name, too). What the instance calls others, the hook calls them too.
 */
export function hookOptions(input: ContainerOptionsInput, { hook, run }: HookCreation) {
  const { scope, instance, attachment } = input;
  const made = containerOptions({ ...input, instance: unattended(instance) });
  const { Cmd: _c, ExposedPorts: _e, Hostname: _h, Domainname: _d, ...rest } = made;
  const { NetworkingConfig, ...options } = rest;
  const { PortBindings: _, ...HostConfig } = options.HostConfig;
  return {
    ...options,
    Entrypoint: [...hook.command],
    Labels: { ...hookRunLabels(scope, instance, run), ...attachmentLabels(instance, attachment) },
    HostConfig,
    ...(NetworkingConfig === undefined ? {} : { NetworkingConfig: nameless(NetworkingConfig) }),
  };
}

interface Networking {
  readonly EndpointsConfig: Readonly<Record<string, Endpoint>>;
}

/** It answers to no name; in the overlay it has an address all the same. */
function nameless({ EndpointsConfig }: Networking): Networking {
  const endpoints = Object.entries(EndpointsConfig).map(
    ([network, { Links = [], IPAMConfig, MacAddress }]) =>
      [
        network,
        IPAMConfig === undefined ? { Links } : present({ IPAMConfig, MacAddress }),
      ] as const,
  );
  return { EndpointsConfig: Object.fromEntries(endpoints) };
}

/** Only one container can have a hardware address; nobody asks a hook how it is, and nobody sits at its terminal. */
function unattended(instance: PlacedInstance): PlacedInstance {
  const { extras, ...spec } = instance.spec;
  if (extras === undefined) return instance;
  const { macAddress: _m, healthcheck: _h, tty: _t, stdinOpen: _s, ...rest } = extras;
  return { ...instance, spec: { ...spec, extras: rest } };
}

/** Inside of the instance's container. What the hook does not say is as for the container's own process. */
export function execOptions(hook: HookCreation['hook']) {
  return {
    AttachStdout: true,
    AttachStderr: true,
    Cmd: [...hook.command],
    Privileged: hook.privileged,
    Env: Object.entries(hook.env).map(([name, text]) => `${name}=${text}`),
    ...(hook.user === null ? {} : { User: hook.user }),
    ...(hook.workingDirectory === null ? {} : { WorkingDir: hook.workingDirectory }),
  };
}
