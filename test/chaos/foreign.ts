import { busyboxImage } from '../network/images.ts';
import type { Host } from '../network/rig/host.ts';
import { until } from '../network/rig/until.ts';
import { dockerOn } from './containers.ts';

/** A line for each start of the foreign container, in its volume. */
const STARTS = '/var/lib/docker/volumes/foreign/_data/starts';

/** What somebody else has on a host. Nothing of it may ever change. */
export async function placeForeign(host: Host): Promise<string> {
  await dockerOn(host, ['network', 'create', 'foreign']);
  await dockerOn(host, ['volume', 'create', 'foreign']);
  const options = ['--name', 'foreign', '--network', 'foreign', '--volume', 'foreign:/data'];
  const image = busyboxImage().name;
  const write = 'date >>/data/starts; exec sleep 86400';
  // A stopped one, too: it is what a careless prune takes.
  await dockerOn(host, ['create', '--name', 'foreign-stopped', image, 'true']);
  const run = ['run', '--detach', '--restart', 'always', ...options];
  await dockerOn(host, [...run, image, 'sh', '-c', write]);
  await until(async () => (await host.attempt(['test', '-s', STARTS])).code === 0, 'its file');
  return await foreignOn(host);
}

/** All that can be said of it and does not change with a restart of the host. */
export async function foreignOn(host: Host): Promise<string> {
  const container = '{{.Id}} {{.Created}} {{.Image}} {{.State.Running}} {{json .Mounts}}';
  const network = '{{.Id}} {{.Created}} {{.Name}} {{range .Containers}}{{.Name}}{{end}}';
  const volume = '{{.Name}} {{.Mountpoint}} {{json .Labels}}';
  const inspect = async (kind: string, format: string, ...names: readonly string[]) =>
    await dockerOn(host, [kind, 'inspect', '--format', format, ...names]);
  return [
    await inspect('container', container, 'foreign', 'foreign-stopped'),
    await inspect('network', network, 'foreign'),
    await inspect('volume', volume, 'foreign'),
    await host.exec(['head', '-n', '1', STARTS]),
  ].join('\n');
}

/** As before; the engine may still be starting it again. */
export async function expectForeign(host: Host, before: string): Promise<readonly string[]> {
  let now = '';
  const same = until(
    async () => {
      now = await foreignOn(host).catch(String);
      return now === before;
    },
    'the foreign container',
    20_000,
  );
  return await same.then(
    () => [],
    () => [`${host.name}: what is not ours has changed from\n${before}\nto\n${now}`],
  );
}
