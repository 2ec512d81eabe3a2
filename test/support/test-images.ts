import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { chmod, copyFile, mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

/**
 * Images that need no registry: static busybox and one script. What a container does is said by its environment:
 *
 *   PORT=8080         where it answers every GET with its version
 *   DELAY=2           seconds before it listens
 *   EXIT_AFTER=3      seconds after which it exits, with code EXIT_CODE (1)
 *   STUBBORN=1        ignores its stop signal
 */
export const TEST_IMAGES = {
  web1: 'gridops-test/web:1',
  web2: 'gridops-test/web:2',
  /** Says why on stderr and exits with code 1. */
  broken: 'gridops-test/broken:1',
} as const;

const webScript = (version: string): string => `#!/bin/sh
echo "web ${version} starts"
[ -n "$STUBBORN" ] && trap '' TERM
sleep "\${DELAY:-0}"
mkdir -p /tmp/www && echo "${version}" > /tmp/www/index.html
if [ -n "$EXIT_AFTER" ]; then
  httpd -f -p "\${PORT:-8080}" -h /tmp/www &
  sleep "$EXIT_AFTER"
  echo "web ${version} gives up"
  exit "\${EXIT_CODE:-1}"
fi
if [ -n "$STUBBORN" ]; then
  httpd -f -p "\${PORT:-8080}" -h /tmp/www &
  while true; do sleep 1; done
fi
exec httpd -f -p "\${PORT:-8080}" -h /tmp/www
`;

const brokenScript = `#!/bin/sh
echo "reading the settings"
echo "cannot find the settings" >&2
exit 1
`;

/** Makes the images that the engine does not have yet. Needs the commands docker, tar and busybox. */
export async function ensureTestImages(): Promise<void> {
  await ensureImage(TEST_IMAGES.web1, webScript('1'));
  await ensureImage(TEST_IMAGES.web2, webScript('2'));
  await ensureImage(TEST_IMAGES.broken, brokenScript);
}

async function ensureImage(image: string, script: string): Promise<void> {
  const present = await run('docker', ['image', 'inspect', image]).then(
    () => true,
    () => false,
  );
  if (present) return;
  const root = await mkdtemp(path.join(tmpdir(), 'gridops-image-'));
  try {
    await buildRoot(root, script);
    const archive = `${root}.tar`;
    await run('tar', ['-C', root, '-cf', archive, '.']);
    await run('docker', ['import', '-c', 'CMD ["/bin/serve"]', archive, image]);
    await rm(archive, { force: true });
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function buildRoot(root: string, script: string): Promise<void> {
  for (const folder of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev'])
    await mkdir(path.join(root, folder));
  const busybox = ['/usr/bin/busybox', '/bin/busybox'].find((file) => existsSync(file));
  if (busybox === undefined) throw new Error('the test images need the package busybox-static');
  await copyFile(busybox, path.join(root, 'bin/busybox'));
  for (const applet of ['sh', 'sleep', 'httpd', 'mkdir', 'echo', 'cat', 'nslookup', 'wget', 'env'])
    await symlink('busybox', path.join(root, 'bin', applet));
  await writeFile(path.join(root, 'bin/serve'), script);
  await chmod(path.join(root, 'bin/serve'), 0o755);
}
