import type { Hook } from '../model/hook.ts';
import type { ExecResult } from './containers.ts';
import { Deadline } from './deadline.ts';
import type { DockerClient } from './docker.ts';
import { engineError } from './docker-error.ts';
import { FrameTail } from './docker-log.ts';
import { execOptions } from './hook-options.ts';

const LOG_LINES = 20;

interface Patience {
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** Runs a command inside of a container and reads its output to the end: the engine closes it when the command has ended. */
export async function execInside(
  client: DockerClient,
  id: string,
  hook: Hook,
  { limit, signal }: Patience,
): Promise<ExecResult> {
  const what = `run ${hook.name} in container ${id.slice(0, 12)}`;
  const exec = await client.call(
    what,
    (docker, abortSignal) => docker.getContainer(id).exec({ ...execOptions(hook), abortSignal }),
    { signal },
  );
  const tail = new FrameTail();
  const start = async (abortSignal: AbortSignal): Promise<unknown> =>
    await exec.start({ Detach: false, Tty: false, abortSignal });
  await readOutput(client, { what, start, tail, limit, signal });
  const { Running, ExitCode } = await client.call(what, (_, abortSignal) =>
    exec.inspect({ abortSignal }),
  );
  return { exitCode: Running ? null : ExitCode, log: tail.lines(LOG_LINES) };
}

async function readOutput(
  client: DockerClient,
  of: Patience & {
    readonly what: string;
    readonly start: (abortSignal: AbortSignal) => Promise<unknown>;
    readonly tail: FrameTail;
  },
): Promise<void> {
  const deadline = new Deadline(of.limit, of.signal);
  try {
    const options = { signal: deadline.signal };
    const stream = await client.open(of.what, (_, abort) => of.start(abort), options);
    for await (const chunk of stream) of.tail.add(chunk as Buffer);
  } catch (error) {
    of.signal.throwIfAborted();
    if (!deadline.expired) throw engineError(error, of.what);
  } finally {
    deadline.end();
  }
}
