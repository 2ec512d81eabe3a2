/**
 * Projects of vitest.config.ts as `npm test` runs them. Rounds follow each other; the lanes of a round go side by side, what is
 * in a lane one after the other. What flow and docker tests do is mostly waiting, for processes and for the machine's engine, so
 * that a lane for each keeps two cores busy. Hosts have the machine for themselves.
 */
export const ROUNDS = [[['flow'], ['unit', 'git'], ['docker']], [['network', 'hosts']]];

/** Those whose temporary files are many, small and soon gone: in memory, where there is room, they cost half. */
export const IN_MEMORY = ['flow', 'unit', 'git'];
