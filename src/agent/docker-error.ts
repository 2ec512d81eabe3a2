import { type ErrorCode, errorMessage, GridError } from '../model/error.ts';

/**
 * Whatever a call to the engine threw, as `GridError` with the engine's own words. `what` names the call
 * ("start container web.1"). Errors that already have a code stay as they are.
 */
export function engineError(error: unknown, what: string): GridError {
  if (error instanceof GridError) return error;
  const status = statusOf(error);
  if (status === null) return unreachable(error, what);
  const text = engineText(error);
  const code = codeOf(status, text);
  return new GridError({
    code,
    message: `cannot ${what}: ${code === 'disk-full' ? roomless(text) : text}`,
    retry: status >= 500 || status === 409 || code === 'port-taken' ? 'later' : 'never',
    ...hintOf(code),
    cause: error,
  });
}

/** What a registry said through the engine, as `image-not-found`, `registry-refused` or `image-pull-failed`. */
export function pullError(error: unknown, image: string): GridError {
  if (error instanceof GridError) return error;
  const text = engineText(error);
  if (isFull(text))
    return new GridError({
      code: 'disk-full',
      message: `cannot pull image ${image}: ${roomless(text)}`,
      retry: 'later',
      cause: error,
    });
  if (foreign.test(text))
    return new GridError({
      code: 'image-not-found',
      message: `image ${image} is not there for this kind of machine: ${text}`,
      hint: 'Build it for the platform of the node too, or place the service by a label of nodes that it is for.',
      cause: error,
    });
  if (missing.test(text) || (statusOf(error) === 404 && !/dial tcp|timeout/i.test(text)))
    return new GridError({
      code: 'image-not-found',
      message: `no registry has image ${image}: ${text}`,
      hint: 'Check the name and the tag; a private registry also answers like this to strangers.',
      cause: error,
    });
  return new GridError({
    // A password is made good by a person, in the grid repository or at the registry: that it was is not told here.
    code: refusal.test(text) ? 'registry-refused' : 'image-pull-failed',
    message: `cannot pull image ${image}: ${text}`,
    retry: 'later',
    cause: error,
  });
}

const missing =
  /manifest unknown|manifest for .* not found|not found: manifest|repository does not exist|no such image/i;

/** Of an image that was built for other processors or another system, by the image store of either kind. */
const foreign = /no matching manifest for|does not match the specified platform/i;

/** Of a registry to whom it does not know, or does not let. */
const refusal =
  /unauthorized|no basic auth credentials|authentication required|incorrect username or password|forbidden|(?<!permission )\bdenied(?::|$)/i;

/** Of the file system that the engine keeps its things on, or of its inodes. */
function isFull(text: string): boolean {
  return /no space left on device|disk quota exceeded/i.test(text);
}

/** What to do is in the message: it is all that a deploy shows of it. */
function roomless(text: string): string {
  return `the disk of the Docker engine is full; make room on the node ("docker system df" says what takes it), it is tried again by itself (${text})`;
}

export function statusOf(error: unknown): number | null {
  const status = (error as { statusCode?: unknown } | null)?.statusCode;
  return typeof status === 'number' ? status : null;
}

const frame = /^\(HTTP code \d+\) [\w ]+ - /;

function engineText(error: unknown): string {
  const json = (error as { json?: unknown } | null)?.json;
  const message = (json as { message?: unknown } | null | undefined)?.message;
  // Of a streamed answer dockerode keeps no JSON, only its own sentence around the engine's.
  const text = typeof message === 'string' ? message : errorMessage(error).replace(frame, '');
  return text.trim().slice(0, 2_000);
}

function unreachable(error: unknown, what: string): GridError {
  const denied = (error as { code?: unknown } | null)?.code === 'EACCES';
  return new GridError({
    code: 'engine-unreachable',
    message: `cannot ${what}: the Docker engine does not answer (${errorMessage(error)})`,
    retry: 'later',
    hint: denied
      ? 'The agent’s user may not open the engine’s socket; add it to the group docker.'
      : 'Check that the Docker engine runs on this node.',
    cause: error,
  });
}

function codeOf(status: number, text: string): ErrorCode {
  if (isFull(text)) return 'disk-full';
  if (/port is already allocated|address already in use|bind for .* failed/i.test(text))
    return 'port-taken';
  if (status === 404) return /no such image/i.test(text) ? 'image-not-found' : 'not-found';
  if (status === 409 && /already in use by container/i.test(text)) return 'name-taken';
  return 'engine-refused';
}

function hintOf(code: ErrorCode): { hint?: string } {
  if (code === 'port-taken')
    return {
      hint: 'Something else on the node listens there; publish another port or free this one.',
    };
  return {};
}

/** Awaits a call for which some refusals of the engine mean that there is nothing to do. */
export async function accept(call: Promise<unknown>, fine: readonly number[]): Promise<void> {
  try {
    await call;
  } catch (error) {
    const status = error instanceof GridError ? statusOf(error.cause) : null;
    if (status === null || !fine.includes(status)) throw error;
  }
}
