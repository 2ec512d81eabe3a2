import { fileURLToPath } from 'node:url';

/** The built command line program: `node scripts/build.mjs` makes it. */
export const GRIDOPS = fileURLToPath(new URL('../../../dist/cli/main.js', import.meta.url));

export interface AgentFlags {
  readonly master: string;
  /** Only needed until the node has its own key. */
  readonly token?: string;
  readonly name?: string;
  readonly data?: string;
  readonly network?: 'none' | 'bridge' | 'overlay';
  readonly logLevel?: 'debug' | 'info' | 'warn' | 'error' | 'silent';
  /** Any further options. */
  readonly args?: readonly string[];
}

/** The command line of an agent. */
export function agentCommand({ args = [], logLevel, ...flags }: AgentFlags): readonly string[] {
  const all = Object.entries({ ...flags, 'log-level': logLevel });
  return [
    process.execPath,
    GRIDOPS,
    'agent',
    ...all.flatMap(([name, value]) => (value === undefined ? [] : [`--${name}`, value])),
    ...args,
  ];
}
