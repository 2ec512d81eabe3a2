#!/bin/bash
# Lets the people in $PEOPLE into the container network that this container is in. They have addresses of that network, each
# their own: it is asked for them (ARP), and this container answers. So nothing is translated, and services see who asks.
#
#   $PEOPLE   subnet SUBNET                  as the master makes it of people.yml
#             person NAME ADDRESS KEY
#   $KEY      the server's private key
#   $STATE    where people were last seen
#
# Needs NET_ADMIN, /dev/net/tun and the sysctls net.ipv4.ip_forward=1 and net.ipv4.conf.all.proxy_arp=1.
set -euo pipefail

PEOPLE=${PEOPLE:-/etc/gridops-vpn/people}
KEY=${KEY:-/run/secrets/vpn-server-key}
STATE=${STATE:-/var/lib/gridops-vpn}
PORT=${PORT:-51820}
ENDPOINTS=$STATE/endpoints

main() {
  read_people
  check_place
  start_device
  trap 'save_endpoints; exit 0' TERM INT
  for person in "${!address_of[@]}"; do
    ip route add "${address_of[$person]}/32" dev wg0
  done
  call_back
  echo "serving ${#address_of[@]} people of $subnet on UDP port $PORT, with $(basename "$driver") WireGuard"
  while wg show wg0 listen-port >/dev/null; do
    save_endpoints
    sleep 10 &
    wait $! || true
  done
  fail "the WireGuard device is gone"
}

# Whoever shares an address, or a key, would get what is for another.
read_people() {
  declare -gA address_of=() key_of=()
  declare -A seen=()
  subnet=
  [ -r "$PEOPLE" ] || fail "there is no $PEOPLE"
  while read -r kind name address key rest; do
    case $kind in
      '' | '#'*) ;;
      subnet) subnet=$name ;;
      person)
        [[ $name =~ ^[A-Za-z0-9][A-Za-z0-9_.@+-]*$ ]] || fail "'$name' cannot be the name of a person"
        [[ $key =~ ^[A-Za-z0-9+/]{43}=$ && -z $rest ]] || fail "$name has no key that could be one"
        within "$address" "$subnet" || fail "$name has the address $address, which is not in ${subnet:-any subnet}"
        for own in "name $name" "address $address" "key $key"; do
          [ -z "${seen[$own]-}" ] || fail "$name and ${seen[$own]} have the same ${own%% *}: each must have their own"
          seen[$own]=$name
        done
        address_of[$name]=$address key_of[$name]=$key
        ;;
      *) fail "$PEOPLE has a line that begins with '$kind'" ;;
    esac
  done <"$PEOPLE"
  [ -n "$subnet" ] || fail "$PEOPLE does not say the grid's subnet"
}

# In a network with other addresses nobody would ask this container for people's.
check_place() {
  local own
  own=$(ip -o -4 addr show dev eth0 | awk '{sub("/.*", "", $4); print $4; exit}')
  within "$own" "$subnet" ||
    fail "this container has the address ${own:-none}, and the grid's subnet is $subnet: the VPN needs the grid's overlay (agent with --network overlay)"
  [ "$(cat /proc/sys/net/ipv4/ip_forward)" = 1 ] || fail "the sysctl net.ipv4.ip_forward=1 is missing"
  [ "$(cat /proc/sys/net/ipv4/conf/all/proxy_arp)" = 1 ] || fail "the sysctl net.ipv4.conf.all.proxy_arp=1 is missing"
}

start_device() {
  local mtu
  [ -r "$KEY" ] || fail "there is no $KEY"
  if ip link add wg0 type wireguard 2>/dev/null; then
    driver=kernel
  else
    driver=user-space
    [ -c /dev/net/tun ] || fail "the kernel has no WireGuard, and there is no /dev/net/tun for the one in user space"
    # Of a container that was killed.
    rm -f /var/run/wireguard/wg0.sock
    WG_PROCESS_FOREGROUND=1 LOG_LEVEL=error wireguard-go -f wg0 &
    for _ in {1..100}; do
      [ -S /var/run/wireguard/wg0.sock ] && break
      sleep 0.05
    done
  fi
  configuration | wg setconf wg0 /dev/stdin
  # What WireGuard adds fits into the container's network.
  mtu=$(cat /sys/class/net/eth0/mtu)
  ip link set wg0 mtu $((mtu - 80)) up
}

configuration() {
  echo "[Interface]"
  echo "PrivateKey = $(cat "$KEY")"
  echo "ListenPort = $PORT"
  for person in "${!key_of[@]}"; do
    echo "[Peer]"
    echo "PublicKey = ${key_of[$person]}"
    # What comes from any other address is dropped: a person cannot be another.
    echo "AllowedIPs = ${address_of[$person]}/32"
  done
}

# A server that was replaced knows none of its people's sessions, and they would go on sending into the void for up to 15
# seconds. So it calls everybody who was there: a keepalive that is switched on is sent at once, and shakes hands for that.
call_back() {
  local key endpoint
  [ -r "$ENDPOINTS" ] || return 0
  while read -r key endpoint; do
    [[ " ${key_of[*]} " == *" $key "* && $endpoint =~ ^[][0-9A-Fa-f.:]+$ ]] || continue
    wg set wg0 peer "$key" endpoint "$endpoint" persistent-keepalive 25 || true
    wg set wg0 peer "$key" persistent-keepalive 0
  done <"$ENDPOINTS"
}

# Only of those who were heard of within the last three minutes.
save_endpoints() {
  [ -d "$STATE" ] || return 0
  wg show wg0 dump 2>/dev/null |
    awk -v now="$(date +%s)" 'NR > 1 && $3 != "(none)" && now - $5 < 180 {print $1, $3}' >"$ENDPOINTS.new" &&
    mv "$ENDPOINTS.new" "$ENDPOINTS"
}

# within ADDRESS SUBNET
within() {
  local length=${2#*/} address base
  address=$(number "$1") && base=$(number "${2%/*}") && [[ $length =~ ^[0-9]{1,2}$ ]] || return 1
  ((address >> (32 - length) == base >> (32 - length)))
}

number() {
  [[ $1 =~ ^([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})\.([0-9]{1,3})$ ]] || return 1
  local part sum=0
  for part in "${BASH_REMATCH[@]:1}"; do
    ((10#$part < 256)) || return 1
    sum=$((sum * 256 + 10#$part))
  done
  echo "$sum"
}

fail() {
  echo "vpn: $1" >&2
  exit 1
}

main
