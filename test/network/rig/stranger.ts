import { fileURLToPath } from 'node:url';
import type { Host } from './host.ts';

const SEND = fileURLToPath(new URL('datagram.mjs', import.meta.url));

export interface Datagram {
  readonly to: string;
  readonly port: number;
  readonly payload: Buffer;
  /** Somebody else's address, to be sent under. */
  readonly as?: string;
}

/** Makes a guest of the LAN lie about who it is without hurting those whose name it takes. */
export async function disguise(guest: Host): Promise<void> {
  // It never tells the LAN of the addresses that it takes: neighbours go on finding their true owners.
  const settings = ['arp_announce=2', 'arp_ignore=1'].map((setting) => setting.split('='));
  const lines = settings.map(
    ([name, value]) => `echo ${value} >/proc/sys/net/ipv4/conf/all/${name}`,
  );
  await guest.exec(['sh', '-c', lines.join(' && ')]);
}

/** Sends a datagram from a guest. */
export async function sendFrom(guest: Host, datagram: Datagram): Promise<void> {
  const { to, port, payload, as } = datagram;
  const send = [process.execPath, SEND, to, `${port}`, payload.toString('hex')];
  if (as === undefined) await guest.exec(send);
  else {
    await guest.exec(['ip', 'address', 'add', `${as}/32`, 'dev', 'lo']);
    await guest.exec([...send, as]);
    await guest.exec(['ip', 'address', 'del', `${as}/32`, 'dev', 'lo']);
  }
}
