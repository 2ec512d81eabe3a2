import { GridError } from '../model/error.ts';

/**
 * `gj1.<grid>.<secret>.<fingerprint>`: lets one node join one grid, once. The fingerprint of the master's key travels with
 * it, so the very first contact already knows whom to trust.
 */
export interface JoinToken {
  readonly grid: string;
  readonly secret: string;
  /** SHA-256 of the master's public key, hex. */
  readonly fingerprint: string;
}

const form = /^gj1\.([A-Za-z0-9][A-Za-z0-9_-]*)\.([A-Za-z0-9_-]{32,128})\.([0-9a-f]{64})$/;

export function printJoinToken(token: JoinToken): string {
  return `gj1.${token.grid}.${token.secret}.${token.fingerprint}`;
}

/** Throws `GridError` `invalid-configuration`; the message does not quote the token. */
export function parseJoinToken(text: string): JoinToken {
  const match = form.exec(text.trim());
  if (match === null)
    throw new GridError({
      code: 'invalid-configuration',
      message: 'this is not a join token',
      hint: 'Make one on the master: gridops token create --grid <grid>.',
    });
  const [, grid = '', secret = '', fingerprint = ''] = match;
  return { grid, secret, fingerprint };
}
