import { setTimeout as sleep } from 'node:timers/promises';
import type { Hook } from '../model/hook.ts';
import type { ExecResult } from './containers.ts';
import { Deadline } from './deadline.ts';
import type { DockerClient } from './docker.ts';
import { engineError } from './docker-error.ts';
import { FrameTail } from './docker-log.ts';
import { execOptions } from './hook-options.ts';

const LOG_LINES = 20;
/** Nobody is told when a command ends whose output another agent was reading. */
const POLL = 500;
const RUN = 'run its command';

interface Patience {
  /** Milliseconds. */
  readonly limit: number;
  readonly signal: AbortSignal;
}

/** The engine keeps it until it has ended, some minutes longer, and never longer than the container runs. */
export async function createExec(client: DockerClient, id: string, hook: Hook): Promise<string> {
  const exec = await client.call(
    `run ${hook.name} in container ${id.slice(0, 12)}`,
    (docker, abortSignal) => docker.getContainer(id).exec({ ...execOptions(hook), abortSignal }),
  );
  return exec.id;
}

/** Runs it and reads its output to the end, which the engine closes when the command has ended; or waits for its end. */
export async function runExec(
  client: DockerClient,
  id: string,
  patience: Patience,
): Promise<ExecResult> {
  const tail = new FrameTail();
  const { Running, ExitCode } = await inspect(client, id);
  if (Running) await waitForEnd(client, id, patience);
  else if (ExitCode === null) await readOutput(client, id, { ...patience, tail });
  const end = await inspect(client, id);
  return { exitCode: end.Running ? null : end.ExitCode, log: tail.lines(LOG_LINES) };
}

async function inspect(client: DockerClient, id: string) {
  return await client.call(RUN, (docker, abortSignal) =>
    docker.getExec(id).inspect({ abortSignal }),
  );
}

async function waitForEnd(client: DockerClient, id: string, of: Patience): Promise<void> {
  const deadline = new Deadline(of.limit, of.signal);
  try {
    while ((await inspect(client, id)).Running)
      await sleep(POLL, undefined, { signal: deadline.signal });
  } catch (error) {
    of.signal.throwIfAborted();
    if (!deadline.expired) throw error;
  } finally {
    deadline.end();
  }
}

async function readOutput(
  client: DockerClient,
  id: string,
  of: Patience & { readonly tail: FrameTail },
): Promise<void> {
  const deadline = new Deadline(of.limit, of.signal);
  try {
    const stream = await client.open(
      RUN,
      (docker, abortSignal) => docker.getExec(id).start({ Detach: false, Tty: false, abortSignal }),
      { signal: deadline.signal },
    );
    for await (const chunk of stream) of.tail.add(chunk as Buffer);
    // An aborted stream may just end.
    of.signal.throwIfAborted();
  } catch (error) {
    of.signal.throwIfAborted();
    if (!deadline.expired) throw engineError(error, RUN);
  } finally {
    deadline.end();
  }
}
