import { isNull, type MapNode, type TreeNode, withoutKeys } from './tree.ts';

/** Keys with a single value; what else is empty says that there is nothing of it. */
const singleKeys = [
  'cgroup',
  'cgroup_parent',
  'container_name',
  'cpus',
  'cpuset',
  'domainname',
  'hostname',
  'image',
  'ipc',
  'mac_address',
  'mem_limit',
  'mem_reservation',
  'memswap_limit',
  'network_mode',
  'pid',
  'platform',
  'pull_policy',
  'restart',
  'runtime',
  'shm_size',
  'stop_grace_period',
  'stop_signal',
  'user',
  'userns_mode',
  'uts',
  'working_dir',
];

/** To Compose a key without a value is one that is not written: `hostname: ${NAME:-}` is how a file leaves it open. */
export function withoutBlanks(service: MapNode): MapNode {
  const blank = singleKeys.filter((key) => isBlank(service.entries.get(key)?.value));
  return blank.length === 0 ? service : withoutKeys(service, blank);
}

function isBlank(node: TreeNode | undefined): boolean {
  return node !== undefined && (isNull(node) || (node.kind === 'scalar' && node.text === ''));
}
