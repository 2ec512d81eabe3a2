/**
 * Keys of Kontena's and Compose's files that mean something, but nothing here yet. They are told apart from misspelt keys,
 * and never ignored: what a file asks for either happens or is a problem.
 */

export const laterStackKeys = ['include', 'models', 'registry'];

/** What to write instead of one of them, where there is something. */
export const laterHints: ReadonlyMap<string, string> = new Map([
  [
    'include',
    'Write the services of the other file in this one, or take each with "extends: {file: PATH, service: NAME}".',
  ],
  ['models', 'Run the model as a service, and tell its address in "environment".'],
]);

export const laterVolumeKeys: readonly string[] = [];

export const laterGridKeys = ['logs', 'stats'];
