/**
 * What is expected of each file of the corpus that is not all right, as code and line of every error in order, and why. A file
 * that Kontena accepted is here only with a reason that docs/stack-file.md explains; all others compile without an error.
 */
export interface Expectation {
  readonly errors: readonly string[];
  /** Completes "This file …". */
  readonly why: string;
}

export const expectedErrors: Readonly<Record<string, Expectation>> = {
  'cli-app-format/kontena-build.yml': {
    errors: ['file-missing 12'],
    why: 'refers to a file that is not in the corpus',
  },
  'cli-app-format/kontena-internal-extend.yml': {
    errors: ['missing-key 2', 'missing-key 7'],
    why: 'has a service without an image: Kontena refused it too, or built it where it was called',
  },
  'cli-app-format/kontena-invalid.yml': {
    errors: ['stack-empty 1', 'unknown-key 1'],
    why: 'is wrong on purpose: Kontena refused it too',
  },
  'cli-app-format/kontena-not-hash-service-config.yml': {
    errors: ['wrong-type 3'],
    why: 'is wrong on purpose: a service that is no map',
  },
  'cli-app-format/kontena-with-env-file.yml': {
    errors: ['file-missing 3', 'file-missing 6', 'file-missing 14'],
    why: 'refers to a file that is not in the corpus',
  },
  'cli-app-format/kontena-with-variables.yml': {
    errors: ['file-missing 3', 'undefined-variable 5', 'file-missing 14', 'undefined-variable 16'],
    why: 'refers to a file that is not in the corpus, and takes a variable from the environment of whoever deployed: here it needs a value in grid.yml',
  },
  'cli-app-format/kontena.yml': {
    errors: ['file-missing 3', 'file-missing 13'],
    why: 'refers to a file that is not in the corpus',
  },
  'cli-app-format/kontena_build_v2.yml': {
    errors: ['file-missing 6'],
    why: 'refers to a file that is not in the corpus',
  },
  'cli-app-format/stack-internal-extend.yml': {
    errors: ['missing-key 5', 'missing-key 10'],
    why: 'has a service without an image: Kontena refused it too, or built it where it was called',
  },
  'cli-app-format/stack-with-variables.yml': {
    errors: ['variable-without-value 24', 'bad-resolver 29', 'variable-without-value 32'],
    why: 'has a variable that somebody had to give a value: here grid.yml does, and asks somebody: here the value has to be in grid.yml',
  },
  'cli/docker-compose_v2_with_variables.yml': {
    errors: ['undefined-variable 12'],
    why: 'takes a variable from the environment of whoever deployed: here it needs a value in grid.yml',
  },
  'cli/kontena-malformed-yaml.yml': {
    errors: ['yaml-syntax 4', 'yaml-syntax 4', 'yaml-syntax 5', 'yaml-syntax 5'],
    why: 'is wrong on purpose: it is not YAML',
  },
  'cli/kontena-not-hash-service-config.yml': {
    errors: ['wrong-type 4'],
    why: 'is wrong on purpose: a service that is no map',
  },
  'cli/kontena_build_v3.yml': {
    errors: ['missing-key 5'],
    why: 'names no image: Kontena built it where it was called, here it has to be in a registry',
  },
  'cli/kontena_v3_with_registry_extends.yml': {
    errors: ['bad-path 6', 'bad-path 16'],
    why: "takes a stack from Kontena's registry: nothing is fetched, the file has to be in the repository",
  },
  'cli/stack-invalid.yml': {
    errors: ['stack-empty 1', 'unknown-key 1'],
    why: 'is wrong on purpose: Kontena refused it too',
  },
  'cli/stack-with-anchors.yml': {
    errors: ['bad-affinity 6'],
    why: 'has an affinity whose key Kontena would have refused when it placed the service',
  },
  'cli/stack-with-dependencies-dep-1-1.yml': {
    errors: ['variable-without-value 4'],
    why: 'has a variable that somebody had to give a value: here grid.yml does',
  },
  'cli/stack-with-dependencies-dep-2.yml': {
    errors: ['variable-without-value 4'],
    why: 'has a variable that somebody had to give a value: here grid.yml does',
  },
  'cli/stack-with-env-file.yml': {
    errors: ['file-missing 9'],
    why: 'refers to a file that is not in the corpus',
  },
  'cli/stack-with-ifs.yml': {
    errors: ['bad-resolver 14', 'bad-resolver 26'],
    why: 'asks somebody: here the value has to be in grid.yml',
  },
  'cli/stack-with-invalid-liquid.yml': {
    errors: ['bad-template 15', 'bad-template 20'],
    why: 'is wrong on purpose: a Liquid tag that does not exist',
  },
  'cli/stack-with-liquid-undefined.yml': {
    errors: ['undefined-variable 12'],
    why: 'is wrong on purpose: a variable that is not declared',
  },
  'cli/stack-with-prompted-variables.yml': {
    errors: ['bad-resolver 10', 'wrong-value 33', 'bad-resolver 37', 'variable-without-value 40'],
    why: 'asks somebody, and has a type that does not exist',
  },
  'cli/stack-with-variables.yml': {
    errors: ['variable-without-value 24', 'bad-resolver 29', 'variable-without-value 32'],
    why: 'has a variable that somebody had to give a value: here grid.yml does, and asks somebody: here the value has to be in grid.yml',
  },
  'e2e/secrets/envsize.yaml': {
    errors: ['variable-without-value 11'],
    why: 'has a variable that somebody had to give a value: here grid.yml does',
  },
  'e2e/stack/certificates/kontena-lb.yml': {
    errors: ['variable-without-value 3'],
    why: 'has a variable that somebody had to give a value: here grid.yml does',
  },
  'e2e/stack/depends/kontena.yml': {
    errors: ['bad-path 6'],
    why: "takes a stack from Kontena's registry: nothing is fetched, the file has to be in the repository",
  },
  'e2e/stack/depends/monitor_added/kontena.yml': {
    errors: ['bad-path 6'],
    why: "takes a stack from Kontena's registry: nothing is fetched, the file has to be in the repository",
  },
  'e2e/stack/depends/monitor_added/redis_stat.yml': {
    errors: ['undefined-variable 9'],
    why: 'works only as a stack that another one brings along: else there is no PARENT_STACK',
  },
  'e2e/stack/depends/monitor_removed/kontena.yml': {
    errors: ['bad-path 6'],
    why: "takes a stack from Kontena's registry: nothing is fetched, the file has to be in the repository",
  },
  'e2e/stack/depends/second_redis_replaced/kontena.yml': {
    errors: ['bad-path 6', 'bad-path 10'],
    why: "takes a stack from Kontena's registry: nothing is fetched, the file has to be in the repository",
  },
  'e2e/stack/links/broken.yml': {
    errors: ['unknown-dependency 6'],
    why: 'is wrong on purpose: a link to nothing',
  },
  'e2e/stack/service_link/kontena.yml': {
    errors: ['bad-resolver 7'],
    why: 'asks somebody: here the value has to be in grid.yml',
  },
  'e2e/stack/simple/invalid.yml': {
    errors: ['missing-key 5', 'unknown-key 5'],
    why: 'is wrong on purpose: a key that does not exist, and no image',
  },
  'examples/drone/0.5/kontena.yml': {
    errors: ['invalid-name 1'],
    why: 'lies in a folder whose name cannot be the name of a stack',
  },
  'examples/parse-cluster/docker-compose.yml': {
    errors: ['missing-key 5'],
    why: 'has a service without an image: Kontena refused it too, or built it where it was called',
  },
  'examples/parse/docker-compose.yml': {
    errors: ['missing-key 6'],
    why: 'has a service without an image: Kontena refused it too, or built it where it was called',
  },
  'examples/redis-sentinel/3.0/kontena.yml': {
    errors: ['invalid-name 1'],
    why: 'lies in a folder whose name cannot be the name of a stack',
  },
};
