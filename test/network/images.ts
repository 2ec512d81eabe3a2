import { archiveOf, type Image } from './image/archive.ts';
import { RootFs } from './image/root-fs.ts';

/** What answers every GET with $TEXT, or the container's name, on $PORT. Ends on its signal at once. */
const SERVE = `#!/bin/sh
mkdir -p /tmp/www
echo "\${TEXT:-$(hostname)}" >/tmp/www/index.html
trap 'exit 0' TERM INT
httpd -f -p "\${PORT:-80}" -h /tmp/www &
wait $!
`;

/** busybox with a small web server; also the one to look around with: wget, nslookup, ping, nc. */
export function busyboxImage(): Image {
  return archiveOf({
    name: 'gridops-test/busybox:1',
    root: new RootFs().script('bin/serve', SERVE),
    config: { Cmd: ['/bin/serve'], Env: ['PATH=/bin:/sbin:/usr/bin:/usr/sbin'] },
  });
}
