import type { NameRule } from './names.ts';
import { closed, mapOf, text } from './schema-parts.ts';

const hostRule: NameRule = {
  pattern:
    '^(?:\\[[0-9a-f:.]{2,45}\\]|[a-z0-9](?:[a-z0-9-]*[a-z0-9])?(?:\\.[a-z0-9](?:[a-z0-9-]*[a-z0-9])?)*)(?::[1-9][0-9]{0,4})?$',
  description:
    'A registry is written as image names begin: its host in lower case, with the port where they have one; "docker.io" for Docker Hub.',
};

const AccountEntry = closed(
  {
    username: text({
      minLength: 1,
      maxLength: 255,
      pattern: '^[^:\\s]+$',
      description: 'Whom the registry knows.',
      examples: ['deploy'],
    }),
    password: text({
      minLength: 1,
      description:
        'The name of a sealed value in `secrets.yml` that is the password, or the token that stands for one. Never the value itself.',
      examples: ['REGISTRY_PASSWORD'],
    }),
  },
  { description: 'An account at a registry.' },
);

/** `registries` of a grid file. */
export const RegistriesEntry = mapOf(AccountEntry, {
  keys: hostRule,
  maxProperties: 100,
  description:
    'Accounts by which nodes pull images, by the host that the names of those images begin with; `docker.io` for Docker Hub.',
  examples: [{ 'registry.example.com': { username: 'deploy', password: 'REGISTRY_PASSWORD' } }],
});
