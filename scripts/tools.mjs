import { existsSync } from 'node:fs';
import path from 'node:path';
import { say } from './command.mjs';
import { canInstall, hasServiceManager, install } from './debian.mjs';

const ROOT = path.resolve(import.meta.dirname, '..');

/** What tests need of the distribution: file that shows that it is there → package. */
const TOOLS = [
  { file: '/usr/bin/git', name: 'git' },
  { file: '/usr/bin/busybox', name: 'busybox-static' },
  // playwright-core drives a browser and brings none.
  { file: '/usr/bin/chromium', name: 'chromium', only: () => hasPackage('playwright-core') },
  // Where a service manager runs, this package would open port 22 on somebody's machine.
  { file: '/usr/sbin/sshd', name: 'openssh-server', only: () => !hasServiceManager() },
  { file: '/usr/bin/ip', name: 'iproute2' },
  { file: '/usr/sbin/iptables', name: 'iptables' },
  { file: '/usr/bin/tcpdump', name: 'tcpdump' },
  { file: '/usr/bin/wg', name: 'wireguard-tools' },
  { file: '/usr/bin/wireguard-go', name: 'wireguard-go' },
  // Started by a service manager it ends at once: its first configuration listens nowhere.
  { file: '/usr/sbin/haproxy', name: 'haproxy' },
  { file: '/usr/bin/gpg', name: 'gnupg' },
  { file: '/usr/bin/ssh-keygen', name: 'openssh-client' },
  { file: '/usr/bin/wrk', name: 'wrk' },
  { file: '/usr/bin/h2load', name: 'nghttp2-client' },
  { file: '/usr/bin/docker-registry', name: 'docker-registry' },
  { file: '/usr/bin/curl', name: 'curl' },
  { file: '/usr/bin/openssl', name: 'openssl' },
  { file: '/usr/bin/dig', name: 'bind9-dnsutils' },
  { file: '/usr/bin/faketime', name: 'faketime' },
];

/** Installs what is missing where that can be done, and says what is then still missing. */
export function ensureTools() {
  const missing = TOOLS.filter((tool) => !existsSync(tool.file));
  const wanted = missing.filter(({ only }) => only === undefined || only());
  if (wanted.length > 0 && canInstall())
    install(
      wanted.map((tool) => tool.name),
      { services: false },
    );
  const absent = missing.filter((tool) => !existsSync(tool.file)).map((tool) => tool.name);
  if (absent.length > 0) say(`not installed, needed by some tests: ${absent.join(', ')}`);
}

function hasPackage(name) {
  return existsSync(path.join(ROOT, 'node_modules', name));
}
