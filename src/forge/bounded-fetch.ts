type Fetch = typeof globalThis.fetch;

/** GitHub gives up on a request after 10 s itself. */
const TIMEOUT = 15_000;
/** A page of 100 comments, each as long as it may be and of characters of four bytes, is 26 MB: nobody must be able to stop us by writing. */
const MAX_RESPONSE_BYTES = 32 * 1024 * 1024;

/** `fetch` that neither waits for ever nor reads without end, whatever the other side does. */
export function boundedFetch(fetch: Fetch): Fetch {
  return async (input, init) => {
    const signal = init?.signal ?? AbortSignal.timeout(TIMEOUT);
    const response = await fetch(input, { ...init, signal });
    if (response.body === null) return response;
    const { status, statusText, headers } = response;
    const body = response.body.pipeThrough(byteLimit());
    return new Response(body, { status, statusText, headers });
  };
}

function byteLimit(): TransformStream<Uint8Array, Uint8Array> {
  let bytes = 0;
  return new TransformStream({
    transform: (chunk, controller) => {
      bytes += chunk.byteLength;
      if (bytes > MAX_RESPONSE_BYTES) controller.error(new Error('the response is too large'));
      else controller.enqueue(chunk);
    },
  });
}
