import type { Readable } from 'node:stream';
import type { EngineEvent, Scope } from './containers.ts';
import type { DockerClient } from './docker.ts';
import { engineError } from './docker-error.ts';
import { parseLabels, scopeFilter } from './labels.ts';

/** An event is a few hundred bytes plus the container's labels. A line longer than this is not one. */
const EVENT_LENGTH = 1024 * 1024;

const containerActions = [
  'start',
  'die',
  'destroy',
  'health_status',
  'kill',
  'pause',
  'unpause',
  'rename',
  'update',
];

interface RawEvent {
  readonly Action?: string;
  readonly Actor?: { readonly ID?: string; readonly Attributes?: Record<string, string> };
}

/**
 * What happens to the scope's containers; and, because the engine says no more of them than the container, every connection
 * to a network and its end on this host.
 */
export async function watchEvents(
  client: DockerClient,
  scope: Scope,
  changed: (event: EngineEvent) => void,
  signal: AbortSignal,
): Promise<{ readonly ended: Promise<void> }> {
  const label = scopeFilter(scope);
  const ofContainers = { type: ['container'], event: containerActions, label };
  const containers = follow(await open(client, ofContainers, signal), (event) =>
    changed(ofContainer(event)),
  );
  // Should the second not open, nobody waits for the first.
  containers.catch(() => undefined);
  const ofNetworks = { type: ['network'], event: ['connect', 'disconnect'] };
  const networks = follow(await open(client, ofNetworks, signal), (event) =>
    changed(ofNetwork(event)),
  );
  return { ended: Promise.race([containers, networks]) };
}

async function open(client: DockerClient, filters: object, signal: AbortSignal): Promise<Readable> {
  return await client.open(
    'listen to events',
    (docker, abortSignal) => docker.getEvents({ filters: JSON.stringify(filters), abortSignal }),
    { signal },
  );
}

/** One JSON object a line. Resolves at the stream's end. */
async function follow(stream: Readable, tell: (event: RawEvent) => void): Promise<void> {
  let rest = '';
  try {
    for await (const chunk of stream) {
      const lines = (rest + String(chunk)).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > EVENT_LENGTH) throw new Error('an event without an end');
      for (const line of lines) if (line.trim() !== '') tell(JSON.parse(line) as RawEvent);
    }
  } catch (error) {
    throw engineError(error, 'listen to events');
  }
}

/** Labels of the container are among its actor's attributes. */
function ofContainer({ Action = '', Actor }: RawEvent): EngineEvent {
  const id = parseLabels(Actor?.Attributes ?? {});
  return { action: plain(Action), container: Actor?.ID ?? '', id };
}

function ofNetwork({ Action = '', Actor }: RawEvent): EngineEvent {
  return { action: plain(Action), container: Actor?.Attributes?.['container'] ?? '', id: null };
}

/** "health_status: healthy" is one. */
function plain(action: string): string {
  return action.split(':', 1)[0] ?? '';
}
