import { errorMessage, GridError } from '../model/error.ts';
import { Recipient } from '../protocol/api.ts';
import { checkRecipient } from '../secrets/age.ts';
import type { Client } from './client.ts';
import { connect } from './connect.ts';
import type { Io } from './io.ts';
import { paint } from './output.ts';
import type { Flags } from './settings-load.ts';

export interface RecipientWish {
  /** On the command line; `null`: not there. */
  readonly given: string | null;
  /** In the grid's secrets.yml; `null`: none. */
  readonly written: string | null;
  /** Which master to ask. */
  readonly flags: Flags;
}

/** What comes back at once, or not at all: sealing must not wait for a master that is away. */
const PATIENCE_MS = 3_000;

/**
 * What values are sealed for: what is given, or else what the file says, or else what the master says. Where the master is
 * another one than the file says, that is told: it could not open what is sealed.
 */
export async function chooseRecipient(io: Io, wish: RecipientWish): Promise<string> {
  const { given, written, flags } = wish;
  if (given !== null) return replacing(io, checkRecipient(given), written);
  if (written === null) return await askMaster(io, flags);
  const recipient = checkRecipient(written);
  const [master, url] = await askQuickly(io, flags);
  if (master !== null && master !== recipient)
    warn(
      io,
      `the master at ${url} has another key than the one in secrets.yml, which is what this is sealed for.\nTo seal for that master: --recipient ${master}`,
    );
  return recipient;
}

function replacing(io: Io, recipient: string, written: string | null): string {
  if (written !== null && written !== recipient)
    warn(
      io,
      'secrets.yml has another recipient, which this one takes the place of. What was sealed before is still for the old one: seal it anew, or keep its key on the master, too.',
    );
  return recipient;
}

function warn(io: Io, text: string): void {
  io.stderr(`${paint(io, 'stderr').yellow('warning:')} ${text}\n`);
}

async function askMaster(io: Io, flags: Flags): Promise<string> {
  try {
    return await ask(await connect(io, flags));
  } catch (cause) {
    if (!(cause instanceof GridError) || cause.code === 'invalid-configuration') throw cause;
    throw new GridError({
      code: cause.code,
      message: `the master has to say what to seal for, since the grid's secrets.yml does not: ${errorMessage(cause)}`,
      hint: `${cause.hint ?? ''} Or give the key: --recipient age1… ("age-keygen -y sealing.key" in the master's data folder prints it).`.trim(),
      cause,
    });
  }
}

async function askQuickly(io: Io, flags: Flags): Promise<readonly [string | null, string]> {
  const stop = AbortSignal.any([io.stop, AbortSignal.timeout(PATIENCE_MS)]);
  const client = await connect({ ...io, stop }, flags);
  try {
    return [await ask(client), client.url];
  } catch {
    io.stop.throwIfAborted();
    return [null, client.url];
  }
}

async function ask(client: Client): Promise<string> {
  return checkRecipient((await client.get(Recipient, '/recipient')).recipient);
}
