import { type ContainerOptionsInput, containerOptions } from './container-options.ts';
import type { HookCreation } from './containers.ts';
import { hookRunLabels } from './labels.ts';

/**
 * The engine's create request for a pre-start hook's container: the instance's, but for the command. Nobody may take it for
 * the instance: it publishes no ports and answers to none of its names.
 */
export function hookOptions(input: ContainerOptionsInput, { hook, run }: HookCreation) {
  const { Cmd: _, ExposedPorts: __, ...options } = containerOptions(input);
  const { scope, instance, network } = input;
  const { PortBindings: ___, ...HostConfig } = options.HostConfig;
  return {
    ...options,
    Entrypoint: [...hook.command],
    Labels: { ...hookRunLabels(scope, instance, run) },
    HostConfig,
    ...(instance.spec.networkMode === 'bridge'
      ? { NetworkingConfig: { EndpointsConfig: { [network]: {} } } }
      : {}),
  };
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
