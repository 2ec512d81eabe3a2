/**
 * Projects of vitest.config.ts in the order in which `npm test` runs them, those of a row side by side: what is done on the
 * machine's engine is mostly waiting for it, and lets the others work meanwhile. Hosts have the machine for themselves.
 */
export const ROUNDS = [[['unit', 'flow'], ['docker']], [['network', 'hosts']]];
