import { archiveOf, type Image } from '../network/image/archive.ts';
import { RootFs } from '../network/image/root-fs.ts';

/** An entry is acknowledged once it is on the disk. */
const ADD = `#!/bin/sh
echo "$QUERY_STRING" >>/data/entries && sync
printf 'Content-Type: text/plain\\r\\n\\r\\n%s' "$QUERY_STRING"
`;

const READ = `#!/bin/sh
printf 'Content-Type: text/plain\\r\\n\\r\\n'
cat /data/entries
`;

/** A service with a memory: `/cgi-bin/add?<entry>` takes an entry and says it back, `/cgi-bin/read` has them all. */
export function journalImage(): Image {
  return archiveOf({
    name: 'gridops-test/journal:1',
    root: new RootFs()
      .busybox()
      .text('www/cgi-bin/add', ADD, 0o755)
      .text('www/cgi-bin/read', READ, 0o755),
    config: {
      Cmd: ['httpd', '-f', '-p', '80', '-h', '/www'],
      Env: ['PATH=/usr/bin:/bin:/sbin'],
    },
  });
}
