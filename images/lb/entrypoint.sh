#!/bin/sh
# HAProxy with what the agent of this node writes into the folder. Until there is something, nothing listens: the container is
# not ready, and nobody is sent to it.
set -eu

folder=${GRIDOPS_LB_FOLDER:-/run/gridops-lb}

# As process 1 a shell ignores what it does not expect.
trap 'exit 0' TERM INT USR1
until [ -s "$folder/haproxy.cfg" ]; do
  sleep 0.1 &
  wait $!
done

# One master that stays, with a worker that is replaced when the configuration is read again.
exec haproxy -W -db -S "$folder/run/master.sock,mode,600" -f "$folder/haproxy.cfg"
