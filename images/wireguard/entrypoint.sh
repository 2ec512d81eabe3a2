#!/bin/sh
# Runs WireGuard for one device, in the foreground: when it ends, the container ends, and the engine starts it again.
set -eu
device=${1:-gridops-wg}

if [ ! -c /dev/net/tun ]; then
  echo 'there is no /dev/net/tun: start this container with --device /dev/net/tun' >&2
  exit 1
fi

mkdir -p /var/run/wireguard
# Of a process that was killed. Whoever finds it would wait for an answer that does not come.
rm -f "/var/run/wireguard/$device.sock"

# Without the advice that it prints where the kernel has WireGuard, too.
export WG_PROCESS_FOREGROUND=1
exec wireguard-go --foreground "$device"
