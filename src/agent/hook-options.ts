import { type ContainerOptionsInput, containerOptions } from './container-options.ts';
import type { HookCreation, PlacedInstance } from './containers.ts';
import { hookRunLabels } from './labels.ts';

/**
 * The engine's create request for a pre-start hook's container: the instance's, but for the command. Nobody may take it for
 * the instance: it publishes no ports, has no address of its own and answers to none of its names (newer engines make a name
 * of the host name, too). What the instance calls others, the hook calls them too.
 */
export function hookOptions(input: ContainerOptionsInput, { hook, run }: HookCreation) {
  const { scope, instance, network } = input;
  const made = containerOptions({ ...input, instance: unattended(instance) });
  const { Cmd: _c, ExposedPorts: _e, Hostname: _h, Domainname: _d, ...nameless } = made;
  const { NetworkingConfig, ...options } = nameless;
  const { PortBindings: _, ...HostConfig } = options.HostConfig;
  const endpoint = NetworkingConfig?.EndpointsConfig[network];
  return {
    ...options,
    Entrypoint: [...hook.command],
    Labels: { ...hookRunLabels(scope, instance, run) },
    HostConfig,
    ...(endpoint === undefined
      ? {}
      : { NetworkingConfig: { EndpointsConfig: { [network]: { Links: endpoint.Links ?? [] } } } }),
  };
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
