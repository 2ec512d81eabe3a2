# The first process of a host, already inside its own namespaces: makes the machine's files the host's, then only reaps.
# Expects NAME, ADDRESS, DNS, DISK (what survives a power cut) and CGROUPS (`machine` or `v2`).
set -eu

# Copies of other mounts would keep other hosts' networks and the machine's own containers' files alive.
mounts=$(cut -d ' ' -f 2 /proc/self/mounts)
for point in $mounts; do
  case $point in
    /run/* | /var/lib/docker/* | /var/lib/containerd/*) umount -l "$point" 2>/dev/null || true ;;
  esac
done

# A sysfs of this network namespace; a new one hides the cgroup mounts, without which no engine starts.
mkdir -p "$DISK/cgroup"
if [ "$CGROUPS" = v2 ]; then
  mount -t cgroup2 cgroup2 "$DISK/cgroup"
else
  mount --rbind /sys/fs/cgroup "$DISK/cgroup"
fi
mount -t sysfs sysfs /sys
mount --rbind "$DISK/cgroup" /sys/fs/cgroup
umount -l "$DISK/cgroup"

# An own /etc on top of the machine's, without its engine's identity: engines with the same key are the same engine.
mkdir -p "$DISK/etc" "$DISK/docker" "$DISK/containerd"
rm -rf "$DISK/etc-work" && mkdir "$DISK/etc-work"
mount -t overlay overlay -o "lowerdir=/etc,upperdir=$DISK/etc,workdir=$DISK/etc-work" /etc
if [ ! -e "$DISK/installed" ]; then
  rm -rf /etc/docker && mkdir -p /etc/docker && touch "$DISK/installed"
fi
echo "$NAME" >/proc/sys/kernel/hostname
echo "$NAME" >/etc/hostname
printf '127.0.0.1 localhost\n%s %s\n' "$ADDRESS" "$NAME" >/etc/hosts
# Package managers make it a link into /run, which is empty here.
rm -f /etc/resolv.conf && echo "nameserver $DNS" >/etc/resolv.conf

mount -t tmpfs -o mode=755 tmpfs /run
mkdir -p /run/lock /run/docker /run/netns /var/lib/docker /var/lib/containerd
mount --bind "$DISK/docker" /var/lib/docker
mount --bind "$DISK/containerd" /var/lib/containerd
mount --make-rshared /

# As on a fresh machine: the engine itself turns forwarding on, and the firewall's FORWARD to DROP with it.
echo 0 >/proc/sys/net/ipv4/ip_forward

echo ready
exec >/dev/null 2>&1
# No handler for signals: as pid 1 it ignores all but SIGKILL, which is the power cut.
while :; do
  sleep 86400 &
  wait $!
done
