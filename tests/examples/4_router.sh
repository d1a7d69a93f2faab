#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 4_router.sh PROGRAM: PROGRAM is the one that is linked with musl.
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

router=$1
if [[ ! -e $router ]]; then
    echo "skipped: not built, since there is no musl-gcc here"
    exit 77
fi
if [[ ! -d /sys/class/net/lo ]]; then
    echo "skipped: /sys is not mounted here, and the example reads an interface's counters there"
    exit 77
fi
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

ask() {  # ask: what the daemon answers
    local udp
    exec {udp}<>"/dev/udp/127.0.0.1/$port"
    echo >&"$udp"
    timeout 5 head -n 1 <&"$udp" || echo nothing  # read would take a byte, and lose the rest
    exec {udp}>&-
}

listens() {  # listens PORT: somebody does, on 127.0.0.1
    grep -q "0100007F:$(printf %04X "$1")" /proc/net/udp
}

refused usage "$router"
refused "not ready: no such interface" "$router" "$dir/pid" nowhere 1
port=$((20000 + $$ % 10000))
while listens $port; do
    port=$((port + 1))
done

"$router" "$dir/pid" lo $port
pid=$(<"$dir/pid")
listens $port || fail "the daemon is ready and does not listen"
refused "already running" "$router" "$dir/pid" lo $port
refused "not ready: Address in use" "$router" "$dir/another" lo $port
answer=$(ask)
[[ $answer =~ ^[0-9]+\ [0-9]+$ ]] || fail "the answer is: $answer"

memory() {  # memory KIND: of the daemon, in kB
    awk -v kind="$1:" '$1 == kind { print $2 }' "/proc/$pid/smaps_rollup"
}
printf '%d bytes on disk, %d kB resident, of which %d kB are its own\n' \
    "$(stat --format=%s "$router")" "$(memory Rss)" "$(memory Private_Dirty)"

kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/pid ]] || fail "the pid file is still there"
