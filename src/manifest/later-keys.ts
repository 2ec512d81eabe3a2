/**
 * Keys of Kontena's and Compose's files that mean something, but nothing here yet. They are told apart from misspelt keys,
 * and never ignored: what a file asks for either happens or is a problem.
 */

const kontenaService = ['build', 'certificates', 'dockerfile', 'hooks'];

const composeService = ['post_start', 'pre_stop'];

export const laterServiceKeys = [...kontenaService, ...composeService];

export const laterStackKeys = ['data', 'errors', 'include', 'models', 'registry'];

export const laterVolumeKeys: readonly string[] = [];

export const laterGridKeys = ['logs', 'stats'];

export const laterGridDeployKeys = ['on_failure', 'windows'];
