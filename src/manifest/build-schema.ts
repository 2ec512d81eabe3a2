import Type from 'typebox';
import { ExtraHosts } from './network-schema.ts';
import { Ulimits } from './process-schema.ts';
import type { Refusal } from './schema-parts.ts';
import { closed, flag, list, mapOrPairs, text } from './schema-parts.ts';

const { Optional } = Type;

const word = '^[^\\s,]+$';

/** What of Compose's `build` the command `docker build` has an option for. */
const buildKeys = {
  context: Optional(
    text({
      minLength: 1,
      default: '.',
      description:
        'Folder that is sent to the builder, relative to this file and inside of the repository; or an address that `docker build` takes, such as `https://….git#main:folder`.',
      examples: ['./app'],
    }),
  ),
  dockerfile: Optional(
    text({
      minLength: 1,
      default: 'Dockerfile',
      description: 'Its Dockerfile, relative to the context.',
      examples: ['Dockerfile.web'],
    }),
  ),
  dockerfile_inline: Optional(
    text({
      minLength: 1,
      maxLength: 131_072,
      description: 'What is in the Dockerfile, in place of a file.',
      examples: ['FROM nginx:1.27'],
    }),
  ),
  args: Optional(
    mapOrPairs({
      description:
        'Build arguments. One without a value is taken from the environment of whoever builds.',
      examples: [{ RUBY_VERSION: '3.3', NPM_TOKEN: null }],
    }),
  ),
  target: Optional(
    text({ minLength: 1, maxLength: 255, description: 'Stage to build.', examples: ['release'] }),
  ),
  labels: Optional(
    mapOrPairs({
      description: 'Labels of the image.',
      examples: [{ 'org.opencontainers.image.source': 'https://git.example.com/shop' }],
    }),
  ),
  tags: Optional(
    list(text({ minLength: 1, maxLength: 1_000 }), {
      maxItems: 50,
      description: 'More names of the image. They are pushed, too.',
      examples: [['registry.example.com/shop/web:latest']],
    }),
  ),
  cache_from: Optional(
    list(text({ minLength: 1 }), {
      maxItems: 50,
      description: 'Where the builder may take layers from.',
      examples: [['registry.example.com/shop/web:cache']],
    }),
  ),
  cache_to: Optional(
    list(text({ minLength: 1 }), {
      maxItems: 50,
      description: 'Where the builder leaves layers. Needs BuildKit.',
      examples: [['type=registry,ref=registry.example.com/shop/web:cache']],
    }),
  ),
  platforms: Optional(
    list(text({ maxLength: 64, pattern: word }), {
      maxItems: 20,
      description:
        'Platforms to build for; for more than one the engine has to keep its images with containerd.',
      examples: [['linux/amd64']],
    }),
  ),
  network: Optional(
    text({
      minLength: 1,
      maxLength: 255,
      description: 'Network of the commands that the Dockerfile runs.',
      examples: ['host'],
    }),
  ),
  shm_size: Optional(text({ description: 'Size of their /dev/shm.', examples: ['128m'] })),
  extra_hosts: Optional(ExtraHosts),
  ulimits: Optional(Ulimits),
  ssh: Optional(
    list(text({ maxLength: 64, pattern: '^[A-Za-z0-9_.-]+$' }), {
      maxItems: 20,
      description: 'SSH agents of whoever builds that the Dockerfile may use. Needs BuildKit.',
      examples: [['default']],
    }),
  ),
  no_cache: Optional(flag({ default: false, description: 'Build every layer anew.' })),
  pull: Optional(
    flag({
      default: true,
      description: 'Look for newer versions of the images that it builds on.',
    }),
  ),
};

const otherwise = 'Build this image with a command of your own, and name it with "image" only.';

const refusedKeys: Readonly<Record<string, Refusal>> = {
  additional_contexts: {
    message: '"additional_contexts" is not passed on by gridops build: it sends one folder',
    hint: 'Copy what is needed into the context with a "pre_build" hook.',
  },
  entitlements: beyond('entitlements'),
  isolation: {
    message: '"isolation" chooses a technology of Windows; nodes are Linux hosts',
    hint: 'Take it out.',
  },
  privileged: beyond('privileged'),
  provenance: beyond('provenance'),
  sbom: beyond('sbom'),
  secrets: beyond('secrets'),
};

function beyond(key: string): Refusal {
  return { message: `"${key}" is not passed on by gridops build`, hint: otherwise };
}

const strict = closed(buildKeys, { refused: refusedKeys });

/** As `gridops build` takes it: what it does not act on is a problem. */
export const BuildEntry = strict;
export type BuildEntry = Type.Static<typeof BuildEntry>;

/**
 * As it stands in a stack file. Keys that only `gridops build` would have to know are let be: who builds with another tool
 * deploys with any of them.
 */
export const buildServiceKeys = {
  build: Optional(
    Type.Unsafe<unknown>({
      type: ['string', 'object'],
      maxLength: 4_096,
      properties: strict.properties,
      additionalProperties: true,
      description:
        'What `gridops build` builds and pushes, before the commit is pushed; `image` says under which name. Text is its `context`. Nodes and masters build nothing.',
      examples: ['.'],
    }),
  ),
  dockerfile: Optional(
    text({ description: 'Former place of `build.dockerfile`.', examples: ['Dockerfile.web'] }),
  ),
};
