/**
 * Keys of Kontena's and Compose's files that mean something, but nothing here yet. They are told apart from misspelt keys,
 * and never ignored: what a file asks for either happens or is a problem.
 */

const kontenaService = [
  'build',
  'certificates',
  'devices',
  'dockerfile',
  'external_links',
  'hooks',
  'log_driver',
  'log_opt',
  'log_opts',
  'net',
];

const composeService = [
  'annotations',
  'attach',
  'blkio_config',
  'cgroup',
  'cgroup_parent',
  'container_name',
  'cpu_count',
  'cpu_percent',
  'cpu_period',
  'cpu_quota',
  'cpu_rt_period',
  'cpu_rt_runtime',
  'cpuset',
  'credential_spec',
  'develop',
  'device_cgroup_rules',
  'dns',
  'dns_opt',
  'dns_search',
  'domainname',
  'expose',
  'extra_hosts',
  'gpus',
  'group_add',
  'healthcheck',
  'hostname',
  'init',
  'ipc',
  'isolation',
  'label_file',
  'mac_address',
  'mem_reservation',
  'mem_swappiness',
  'models',
  'networks',
  'oom_kill_disable',
  'oom_score_adj',
  'pids_limit',
  'platform',
  'post_start',
  'pre_stop',
  'provider',
  'pull_policy',
  'restart',
  'runtime',
  'scale',
  'security_opt',
  'stdin_open',
  'storage_opt',
  'sysctls',
  'tmpfs',
  'tty',
  'ulimits',
  'userns_mode',
  'uts',
  'volume_driver',
  'working_dir',
];

export const laterServiceKeys = [...kontenaService, ...composeService];

export const laterDeployKeys = [
  'endpoint_mode',
  'labels',
  'mode',
  'placement',
  'replicas',
  'resources',
  'restart_policy',
  'rollback_config',
  'update_config',
];

export const laterStackKeys = ['data', 'errors', 'include', 'models', 'networks', 'registry'];

export const laterVolumeKeys: readonly string[] = [];

export const laterGridKeys = ['logs', 'stats'];

export const laterGridDeployKeys = ['on_failure', 'windows'];
