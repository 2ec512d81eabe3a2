import Docker from 'dockerode';
import { ensureTestImages, TEST_IMAGES } from './test-images.ts';
import { eventually } from './world.ts';

export interface EngineContainer {
  readonly id: string;
  readonly specHash: string;
  readonly node: string;
  readonly running: boolean;
}

/** The real engine as a person with a shell on the host sees it: not through any code of the agent's. */
export class TestEngine {
  readonly image = TEST_IMAGES.web1;
  readonly docker = new Docker({ socketPath: '/var/run/docker.sock' });

  async prepare(): Promise<void> {
    await this.docker.ping().catch((error: Error) => {
      throw new Error(`these tests need a Docker engine (run: npm test): ${error.message}`);
    });
    await ensureTestImages();
  }

  /** As YAML: a command that answers every request with a text in which the shell fills in variables. */
  answering(text: string, port: number): string {
    const script = `mkdir -p /tmp/www; echo "${text}" > /tmp/www/index.html; exec httpd -f -p ${port} -h /tmp/www`;
    return JSON.stringify(['sh', '-c', script.replaceAll('$', '$$$$')]);
  }

  /** The grid's containers by name. */
  async containers(grid: string): Promise<ReadonlyMap<string, EngineContainer>> {
    const found = await this.docker.listContainers({
      all: true,
      filters: { label: [`io.kontena.grid.name=${grid}`] },
    });
    return new Map(
      found.map((one) => [
        (one.Names[0] ?? '').slice(1),
        {
          id: one.Id,
          specHash: one.Labels['io.gridops.spec'] ?? '',
          node: one.Labels['io.gridops.node'] ?? '',
          running: one.State === 'running',
        },
      ]),
    );
  }

  async remove(id: string): Promise<void> {
    await this.docker.getContainer(id).remove({ force: true });
  }

  /** Resolves to the id of a running container of this name that is another one than `not`. */
  async waitForRunning(grid: string, name: string, of: { readonly not: string }): Promise<string> {
    return await eventually(
      async () => {
        const found = (await this.containers(grid)).get(name);
        return found?.running === true && found.id !== of.not ? found.id : null;
      },
      `${name} running again`,
      10_000,
    );
  }

  /** Every container start of a grid from now on, as `name spec-hash`; that of a hook’s container as `hook spec-hash`. */
  async recordStarts(grid: string): Promise<{ readonly starts: readonly string[]; stop(): void }> {
    const starts: string[] = [];
    const stream = (await this.docker.getEvents({
      filters: { type: ['container'], event: ['start'], label: [`io.kontena.grid.name=${grid}`] },
    })) as NodeJS.ReadableStream & { destroy(): void };
    stream.on('data', (chunk: Buffer) => {
      for (const line of chunk.toString().split('\n').filter(Boolean)) {
        const { Actor } = JSON.parse(line) as { Actor: { Attributes: Record<string, string> } };
        const { 'io.kontena.container.name': name, 'io.gridops.spec': spec } = Actor.Attributes;
        starts.push(`${Actor.Attributes['io.gridops.hook'] ?? name} ${spec}`);
      }
    });
    return { starts, stop: () => stream.destroy() };
  }

  /** Removes whatever a test's grid left. */
  async clear(grid: string): Promise<void> {
    for (const { id } of (await this.containers(grid)).values()) await this.remove(id);
    const filters = { label: [`io.kontena.grid.name=${grid}`] };
    const { Volumes } = await this.docker.listVolumes({ filters });
    for (const volume of Volumes) await this.docker.getVolume(volume.Name).remove();
    for (const network of await this.docker.listNetworks({ filters }))
      await this.docker.getNetwork(network.Id).remove();
  }
}
