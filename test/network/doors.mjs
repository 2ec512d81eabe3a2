// Doors to registries, as an agent keeps them, without an agent: `doors.mjs GRID IMAGE ADDRESS`. Prints "ready" once they are open.
import { gridRegistries } from '../../dist/agent/grid-registry.js';
import { putHosts } from '../../dist/agent/hosts-file.js';
import { RegistryDoors } from '../../dist/agent/registry-doors.js';

const [grid, image, address] = process.argv.slice(2);
const doors = new RegistryDoors({
  lookup: () => [address],
  putHosts: async (entries) => await putHosts('/etc/hosts', 'test', entries),
  onFailure: (message) => process.stdout.write(`${message}\n`),
});
await doors.keep(gridRegistries([image], grid));
process.stdout.write('ready\n');
