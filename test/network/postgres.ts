import { existsSync, readdirSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { archiveOf, type Image } from './image/archive.ts';
import { unpacked } from './image/debian.ts';
import { RootFs } from './image/root-fs.ts';

const WRITER = fileURLToPath(new URL('write-rows.mjs', import.meta.url));

/** The cluster is made beside its place and then moved there: a power cut leaves a whole one or none. */
const ENTRY = `#!/bin/sh
set -e
volume=/var/lib/postgresql
as='setpriv --reuid=postgres --regid=postgres --clear-groups'
mkdir -p /run/postgresql
chown postgres:postgres "$volume" /run/postgresql
if [ ! -d "$volume/data" ]; then
  rm -rf "$volume/new"
  echo "\${POSTGRES_PASSWORD:-postgres}" >/tmp/password
  chown postgres /tmp/password
  $as initdb --username=postgres --pwfile=/tmp/password --auth-local=trust \\
    --auth-host=scram-sha-256 --no-locale --encoding=UTF8 -D "$volume/new"
  rm /tmp/password
  echo 'host all all all scram-sha-256' >>"$volume/new/pg_hba.conf"
  sync "$volume/new/pg_hba.conf"
  mv "$volume/new" "$volume/data"
fi
exec $as postgres -D "$volume/data" -c 'listen_addresses=*' "$@"
`;

const PROGRAMS = ['postgres', 'initdb', 'psql', 'pg_isready', 'pgbench'];
/** Without these no cluster can be made. */
const MODULES = ['plpgsql.so', 'dict_snowball.so'];
const PEOPLE = {
  passwd: 'postgres:x:999:999::/var/lib/postgresql:/bin/sh',
  group: 'postgres:x:999:',
};

/** Debian's PostgreSQL: installed where it is installed, else from its package. */
export function postgresImage(): Image {
  const { root, library, share } = found();
  const files = new RootFs({ unpacked: root })
    .script('entrypoint.sh', ENTRY)
    .programs('setpriv', ...PROGRAMS.map((name) => path.join(library, 'bin', name)))
    .tree(share)
    .text('etc/passwd', `root:x:0:0:root:/root:/bin/sh\n${PEOPLE.passwd}\n`)
    .text('etc/group', `root:x:0:\n${PEOPLE.group}\n`);
  for (const name of MODULES) files.file(path.join(library, 'lib', name));
  for (const zone of ['UTC', 'Etc/UTC', 'GMT'].map((name) => `/usr/share/zoneinfo/${name}`))
    if (existsSync(zone)) files.file(zone);
  return archiveOf({
    name: 'gridops-test/postgres:1',
    root: files,
    config: {
      Entrypoint: ['/entrypoint.sh'],
      Env: ['PATH=/usr/local/bin:/usr/bin:/bin', 'PGUSER=postgres'],
      // The quick way down that loses nothing.
      StopSignal: 'SIGINT',
      Volumes: { '/var/lib/postgresql': {} },
    },
  });
}

/** An application that writes rows, through the package's own client. */
export function rowWriterImage(): Image {
  const { root, library } = found();
  return archiveOf({
    name: 'gridops-test/row-writer:1',
    root: new RootFs({ unpacked: root })
      .programs(process.execPath, path.join(library, 'bin/psql'))
      .file(WRITER, 'write-rows.mjs'),
    config: { Entrypoint: ['node', '/write-rows.mjs'], Env: ['PATH=/usr/bin:/bin'] },
  });
}

interface Installation {
  /** Where its files are below, as if it were installed there. */
  readonly root: string;
  readonly library: string;
  readonly share: string;
}

function found(): Installation {
  const root = versionIn('/') === null ? unpacked('postgresql') : '/';
  const version = versionIn(root);
  if (version === null) throw new Error(`no PostgreSQL in ${root}`);
  const [library = '', share = ''] = ['lib', 'share'].map((folder) =>
    path.join(root, 'usr', folder, 'postgresql', version),
  );
  return { root, library, share };
}

/** The newest one whose server is there. */
function versionIn(root: string): string | null {
  const folder = path.join(root, 'usr/lib/postgresql');
  if (!existsSync(folder)) return null;
  const whole = readdirSync(folder).filter((name) =>
    existsSync(path.join(folder, name, 'bin/postgres')),
  );
  return whole.toSorted((a, b) => Number(b) - Number(a))[0] ?? null;
}
