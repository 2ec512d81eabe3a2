import { chmod, mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { Host } from './rig/host.ts';

/** What `wg-quick` calls for a line `DNS`: name servers and search domains come by stdin. */
const RESOLVCONF = `#!/bin/sh
case $1 in
  -a) cat >/etc/resolv.conf ;;
esac
`;

/** A computer of somebody, somewhere outside of the grid, with WireGuard's own tool. It has an /etc and a /run of its own. */
export class Laptop {
  readonly #guest: Host;

  constructor(guest: Host) {
    this.#guest = guest;
  }

  /** `wg-quick up` with the file as it was handed out, name servers and all. */
  async connect(file: string): Promise<void> {
    const bin = path.join(this.#guest.directory, 'bin');
    await mkdir(bin, { recursive: true });
    await writeFile(path.join(bin, 'resolvconf'), RESOLVCONF);
    await chmod(path.join(bin, 'resolvconf'), 0o755);
    await this.#guest.exec(['wg-quick', 'up', file], {
      env: { PATH: `${bin}:${process.env['PATH'] ?? ''}` },
    });
  }

  /** The answer to a GET, or `null` after some seconds without one. */
  async get(url: string): Promise<string | null> {
    const { code, stdout } = await this.#guest.attempt(['curl', '-sf', '--max-time', '3', url]);
    return code === 0 ? stdout.trim() : null;
  }

  /** All addresses of a name, by one name server. */
  async ask(server: string, name: string): Promise<readonly string[]> {
    const { stdout } = await this.#guest.attempt(['busybox', 'nslookup', name, server]);
    const answer = stdout.slice(stdout.indexOf('Name:'));
    return [...answer.matchAll(/^Address[^:]*: ([\d.]+)/gm)].map(([, address = '']) => address);
  }
}
