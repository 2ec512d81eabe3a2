import Type from 'typebox';
import {
  anything,
  choice,
  flag,
  integerOrMap,
  list,
  mapOf,
  mapOrPairs,
  oneOrList,
  text,
} from './schema-parts.ts';

const { Optional } = Type;

export const Ulimits = mapOf(
  integerOrMap(
    {
      soft: Type.Integer({
        minimum: -1,
        examples: [1024],
        description: 'What it begins with; -1 is no limit.',
      }),
      hard: Type.Integer({
        minimum: -1,
        examples: [2048],
        description: 'How far it may raise it.',
      }),
    },
    { minimum: -1, description: 'A number for both, or `soft` and `hard`; -1 is no limit.' },
  ),
  {
    keys: {
      pattern:
        '^(?:as|core|cpu|data|fsize|locks|memlock|msgqueue|nice|nofile|nproc|rss|rtprio|rttime|sigpending|stack)$',
      description: 'The limits are those of setrlimit(2) in lower case, such as "nofile".',
    },
    description: 'Limits of the process, by name.',
    examples: [{ nofile: { soft: 20_000, hard: 40_000 }, nproc: 65_535 }],
  },
);

/** Keys about the process in the container: where it starts, what it may do, what it sees of its node. */
export const processKeys = {
  working_dir: Optional(
    text({
      pattern: '^/',
      examples: ['/app'],
      description: 'Folder that it starts in, an absolute path.',
    }),
  ),
  init: Optional(
    flag({
      default: true,
      description: 'A small init is process 1: it hands on signals and clears away dead processes.',
    }),
  ),
  tty: Optional(flag({ default: false, description: 'Give it a terminal.' })),
  stdin_open: Optional(flag({ default: false, description: 'Keep its standard input open.' })),
  group_add: Optional(
    list(text({ minLength: 1, maxLength: 255 }), {
      description: 'More groups that its user is in, by name or number.',
      examples: [['audio', '1001']],
    }),
  ),
  ulimits: Optional(Ulimits),
  sysctls: Optional(
    mapOrPairs({
      description: 'Kernel parameters of the container, as a map or as a list of `name=value`.',
      examples: [{ 'net.core.somaxconn': 1_024 }],
    }),
  ),
  security_opt: Optional(
    list(text({ minLength: 1 }), {
      description: "Docker's security options.",
      examples: [['no-new-privileges:true', 'seccomp=unconfined']],
    }),
  ),
  annotations: Optional(
    mapOrPairs({
      examples: [{ 'com.example.owner': 'shop' }],
      description: 'Annotations for the OCI runtime, as labels are written. Needs Docker 24.',
    }),
  ),
  ipc: Optional(
    choice(['private', 'host', 'shareable', 'none'], {
      description: 'Shared memory and semaphores: its own, or those of the node.',
    }),
  ),
  uts: Optional(choice(['host'], { description: "Use the node's own host name." })),
  userns_mode: Optional(
    choice(['host'], {
      description: 'Its users are those of the node, where the engine maps users.',
    }),
  ),
  cgroup: Optional(
    choice(['host', 'private'], { description: "See the node's cgroups, or only its own." }),
  ),
  cgroup_parent: Optional(
    text({
      minLength: 1,
      examples: ['/gridops'],
      description: 'The cgroup that the container is put below.',
    }),
  ),
  runtime: Optional(
    text({
      minLength: 1,
      maxLength: 255,
      examples: ['runc'],
      description: 'OCI runtime of the engine, by name.',
    }),
  ),
  platform: Optional(
    text({
      maxLength: 255,
      pattern: '^[a-z0-9_]+/[a-z0-9_]+(?:/[a-z0-9_]+)?$',
      description: 'Platform of the image, `os/architecture[/variant]`.',
      examples: ['linux/amd64'],
    }),
  ),
  restart: Optional(
    text({
      maxLength: 64,
      pattern: '^(?:no|false|always|unless-stopped|on-failure(?::\\d{1,9})?)$',
      default: 'always',
      examples: ['always'],
      description:
        '`always` or `unless-stopped`: agents start again what exits. `no` and `on-failure:<retries>` are for jobs.',
    }),
  ),
  pull_policy: Optional(
    text({
      maxLength: 64,
      pattern:
        '^(?:missing|if_not_present|always|never|build|refresh|daily|weekly|every_(?:\\d{1,9}[wdhms])+)$',
      default: 'missing',
      examples: ['missing'],
      description: '`missing`: a node pulls an image that it does not have.',
    }),
  ),
  container_name: Optional(
    text({
      maxLength: 255,
      examples: ['shop-web'],
      description: 'No effect: containers are `<stack>.<service>-<n>`.',
    }),
  ),
  label_file: Optional(
    oneOrList(text(), {
      examples: ['web.labels'],
      description: 'Files with lines `name=value`, relative to this file. What `labels` says wins.',
    }),
  ),
  attach: Optional(flag({ description: 'For `docker compose up` only; it means nothing here.' })),
  develop: Optional(
    anything({ examples: [{ watch: [] }], description: 'For `docker compose watch` only.' }),
  ),
  tmpfs: Optional(
    oneOrList(text(), {
      maxLength: 4_096,
      description: 'Folders in memory, `/path[:options]`.',
      examples: [['/run', '/tmp:size=64m,mode=1777']],
    }),
  ),
};
