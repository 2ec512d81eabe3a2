import type { Assignment } from '../model/assignment.ts';
import { GridError } from '../model/error.ts';
import type { SecretSources } from '../model/secret.ts';
import { MAX_FRAME_BYTES } from '../protocol/agent.ts';
import { MAX_INSTANCES } from '../protocol/assignment-shape.ts';

/** For what is around an assignment in its frame, on its way to the node and back. */
const FRAME_MARGIN = 4_096;

/** What a value of chance can be at most: 4,096 characters of up to four bytes, in base64. */
const CHANCE_BYTES = 22_000;

/**
 * What would be refused when it is read, by the node or by the next master, must not be stored. Throws `GridError`
 * `invalid-request`.
 */
export function checkSize(assignment: Assignment): void {
  const { node, instances, kept, secrets = {} } = assignment;
  // As it travels: JSON text inside of JSON.
  const own = Buffer.byteLength(JSON.stringify(JSON.stringify(assignment)));
  const bytes = own + parcelBytes(secrets);
  const most = Math.max(instances.length, kept.length);
  if (most <= MAX_INSTANCES && bytes <= MAX_FRAME_BYTES - FRAME_MARGIN) return;
  throw new GridError({
    code: 'invalid-request',
    message: `the assignment of node ${node} is too large: ${most} instances of at most ${MAX_INSTANCES}, ${bytes} bytes of at most ${MAX_FRAME_BYTES}`,
    hint: 'Spread the instances over more nodes, wish for fewer of them, or have fewer files and secrets delivered with them.',
  });
}

/** At most: a value is shorter than what it is sealed in, and both travel as base64, with their marks. */
function parcelBytes(secrets: SecretSources): number {
  let bytes = 0;
  for (const [mark, text] of Object.entries(secrets))
    bytes += 2 * Buffer.byteLength(mark) + (text?.length ?? CHANCE_BYTES);
  return bytes;
}
