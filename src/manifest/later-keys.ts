/**
 * Keys of Kontena's and Compose's files that mean something, but nothing here yet. They are told apart from misspelt keys,
 * and never ignored: what a file asks for either happens or is a problem.
 */

export const laterStackKeys = ['include', 'models', 'registry'];

export const laterVolumeKeys: readonly string[] = [];

export const laterGridKeys = ['logs', 'stats'];

export const laterGridDeployKeys = ['on_failure', 'windows'];
