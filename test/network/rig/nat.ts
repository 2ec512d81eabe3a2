import { run } from './command.ts';
import type { Host } from './host.ts';

export interface NatOptions {
  /** The hard kind of NAT: each connection gets another port, so that nobody can be told where to knock. */
  readonly symmetric?: boolean;
}

export const INSIDE = 'eth1';

/** Makes a router hide what is behind `INSIDE`: out goes everything, in comes only what answers. */
export async function hide(router: Host, { symmetric = false }: NatOptions): Promise<void> {
  const rules = [
    '*nat',
    `-A POSTROUTING -o eth0 -j MASQUERADE${symmetric ? ' --random-fully' : ''}`,
    'COMMIT',
    '*filter',
    // The router itself answers nobody outside, as those at home do.
    '-A INPUT -i eth0 -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP',
    '-A FORWARD -i eth0 -m conntrack ! --ctstate ESTABLISHED,RELATED -j DROP',
    'COMMIT',
  ];
  await run(router.enter(['iptables-restore']), { input: `${rules.join('\n')}\n` });
  await router.exec(['sh', '-c', 'echo 1 >/proc/sys/net/ipv4/ip_forward']);
}
