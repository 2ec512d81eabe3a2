import { execFile } from 'node:child_process';
import { copyFile, mkdir, mkdtemp, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export const VPN_IMAGE = 'gridops-test/vpn:1';

const entrypoint = path.resolve(import.meta.dirname, '../../images/vpn/entrypoint.sh');
/** What images/vpn/Dockerfile has from Debian, from the Debian of this machine; the rest is busybox's. */
const programs = ['/bin/bash', '/bin/ip', '/usr/bin/wg', '/usr/bin/wireguard-go'];
const applets = ['cat', 'awk', 'date', 'mv', 'rm', 'sleep', 'basename', 'sh', 'ping'];

/** The VPN image without a registry. Made anew each time: its script is what is tested. */
export async function makeVpnImage(): Promise<void> {
  const root = await mkdtemp(path.join(tmpdir(), 'gridops-vpn-image-'));
  try {
    for (const folder of ['bin', 'tmp', 'etc', 'proc', 'sys', 'dev', 'run', 'var'])
      await mkdir(path.join(root, folder));
    await symlink('/run', path.join(root, 'var/run'));
    await mkdir(path.join(root, 'run/wireguard'));
    await copyFile('/usr/bin/busybox', path.join(root, 'bin/busybox'));
    for (const applet of applets) await symlink('busybox', path.join(root, 'bin', applet));
    for (const program of programs) await copyProgram(program, root);
    await copyFile(entrypoint, path.join(root, 'entrypoint.sh'));
    const archive = path.join(root, '../', `${path.basename(root)}.tar`);
    await run('tar', ['-C', root, '-cf', archive, '.']);
    const change = 'ENTRYPOINT ["/entrypoint.sh"]';
    await run('docker', ['import', '-c', change, '-c', 'ENV PATH=/bin', archive, VPN_IMAGE]);
    await rm(archive);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

/** With the libraries that it is linked to. */
async function copyProgram(program: string, root: string): Promise<void> {
  await copyFile(program, path.join(root, 'bin', path.basename(program)));
  const { stdout } = await run('ldd', [program]).catch(() => ({ stdout: '' }));
  for (const [, library = ''] of stdout.matchAll(/(?:=> |^\s+)(\/\S+)/gm)) {
    await mkdir(path.join(root, path.dirname(library)), { recursive: true });
    await copyFile(library, path.join(root, library));
  }
}
