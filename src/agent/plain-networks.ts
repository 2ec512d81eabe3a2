import type { Networks } from './attachment.ts';
import { bridgeName, type DockerNetworks } from './docker-networks.ts';

/** Containers stay in the engine's own bridge. */
export const noNetworks: Networks = {
  mode: 'none',
  attach: () => Promise.resolve({ attachment: { kind: 'none' }, release: () => undefined }),
  forget: () => undefined,
};

/** One bridge a grid on each engine: its containers find each other by name, as far as the engine reaches. */
export function createBridgeNetworks(networks: DockerNetworks): Networks {
  return {
    mode: 'bridge',
    attach: async ({ grid }) => {
      const name = `gridops-${grid}`;
      const network = await networks.ensure({ name, grid, bridge: bridgeName(name) });
      return { attachment: { kind: 'bridge', network }, release: () => undefined };
    },
    forget: () => networks.forget(),
  };
}
