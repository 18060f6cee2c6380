#!/usr/bin/env bash
# A fresh clone in an empty Debian 12: how long until ./run serves, and is ./run test --strict green?
#
#   tests/faults/bare_debian.sh DIR [serve|test|all]
#
# Needs root, debootstrap and git here; the empty root gets python3 and ca-certificates and nothing else.
# Whatever your network wants (a proxy's certificate, resolv.conf, pip.conf) is named from outside:
#   EXTRA_FILES="/etc/resolv.conf …"   copied to the same places in the new root
#   PASS_ENV="PIP_CERT https_proxy …"  variables handed on
#   MIRROR=…                           a Debian mirror; without it, the one debootstrap knows
set -euo pipefail

root=${1:?usage: bare_debian.sh DIR [serve|test|all]}
what=${2:-serve}
here=$(cd "$(dirname "${BASH_SOURCE[0]}")/../.." && pwd)
port=${PORT:-$((20000 + RANDOM % 12000))}
started=''

leave() {
    [ -z "$started" ] || kill -TERM "$started" 2>/dev/null || true
    for place in proc dev/shm; do
        ! mountpoint -q "$root/$place" || umount -l "$root/$place"
    done
}
trap leave EXIT

inside=(env -i HOME=/tmp PATH=/usr/sbin:/usr/bin:/sbin:/bin)
for name in ${PASS_ENV:-}; do inside+=("$name=${!name-}"); done
inside+=(chroot "$root")

seconds() { awk -v a="$1" -v b="$(date +%s.%N)" 'BEGIN { printf "%.1f", b - a }'; }

if [ ! -e "$root/usr/bin/python3" ]; then
    debootstrap --variant=minbase --include=python3,ca-certificates bookworm "$root" \
        ${MIRROR:+"$MIRROR"} >"$root.debootstrap.log"
fi
for file in ${EXTRA_FILES:-}; do
    mkdir -p "$root$(dirname "$file")"
    cp -L "$file" "$root$file"
done
mountpoint -q "$root/proc" || mount -t proc proc "$root/proc"
mkdir -p "$root/dev/shm"
mountpoint -q "$root/dev/shm" || mount -t tmpfs tmpfs "$root/dev/shm"
rm -rf "$root/srv/third-chair"
git clone -q --no-hardlinks "$here" "$root/srv/third-chair"

serve() { # NAME: start, wait for a page, stop
    local at log=$root/srv/$1.log
    at=$(date +%s.%N)
    "${inside[@]}" /srv/third-chair/run --port "$port" --data /srv/data >"$log" 2>&1 &
    started=$!
    until curl -sf -m 5 -o /dev/null "http://127.0.0.1:$port/begin/"; do
        kill -0 "$started" 2>/dev/null || { tail -50 "$log"; exit 1; }
        sleep 0.1
    done
    echo "$1: served after $(seconds "$at") s"
    grep 'Third Chair is at' "$log"
    at=$(date +%s.%N)
    kill -TERM "$started"
    wait "$started" || true
    started=''
    echo "$1: stopped after $(seconds "$at") s"
}

if [ "$what" != test ]; then
    serve first
    serve second
fi
if [ "$what" != serve ]; then
    at=$(date +%s.%N)
    "${inside[@]}" /srv/third-chair/run test --strict
    echo "test --strict: green after $(seconds "$at") s"
fi
