import { Token } from '../protocol/token-api.ts';
import type { Client } from './client.ts';
import { EXIT, type ExitCode, type Io } from './io.ts';
import { show, timestamp } from './output.ts';

export interface TokenOptions {
  readonly grid: string;
  /** Seconds. */
  readonly expiresIn: number;
  readonly json: boolean;
}

/** Makes a join token. It alone goes to stdout, so that `$(gridops token create …)` is the token. */
export async function createToken(
  io: Io,
  client: Client,
  options: TokenOptions,
): Promise<ExitCode> {
  const { grid, expiresIn } = options;
  const value = await client.post(Token, '/tokens', { grid, expiresIn });
  show(io, { json: options.json, value, text: ({ token }) => token });
  if (!options.json)
    io.stderr(
      `Lets one node join grid ${value.grid} until ${timestamp(value.expiresAt)}. It is not shown again. On the node:\n` +
        `  GRIDOPS_MASTER=${client.url} GRIDOPS_TOKEN=<token> gridops agent --name <node>\n`,
    );
  return EXIT.done;
}
