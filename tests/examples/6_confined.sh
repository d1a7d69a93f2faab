#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 6_confined.sh PROGRAM: as root, in mount and network namespaces of its own.
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}
((EUID == 0)) || skip "only root can drop root's rights"
if [[ ${2-} != inside ]]; then
    unshare --mount --net --propagation private true || skip "no namespaces here"
    exec unshare --mount --net --propagation private bash "$0" "$1" inside
fi

confined=$1
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true' EXIT
mount -t tmpfs none /run
mount -t tmpfs none /var/lib

# Loopback up, without a tool: the ioctl is three lines of Python, and ip(8) may not be here.
if [[ $(type -P ip) ]]; then
    ip link set lo up
else
    [[ $(type -P python3) ]] || skip "neither ip nor python3, to bring the loopback up"
    python3 - <<'END'
import fcntl, socket, struct
lo = struct.pack("16sh14x", b"lo", 1)  # IFF_UP
fcntl.ioctl(socket.socket(), 0x8914, lo)
END
fi

field() {  # field NAME: of the daemon's status
    awk -v name="$1:" '$1 == name { sub(/^[^\t]*\t/, ""); print }' "/proc/$pid/status"
}
ask() {
    local tcp answer
    exec {tcp}<>/dev/tcp/127.0.0.1/17
    read -r -t 5 answer <&"$tcp" || answer=nothing
    exec {tcp}>&-
    printf '%s\n' "$answer"
}

refused "directory: /var/lib/visits: No such file or directory" "$confined" start
[[ ! -e /run/visits.pid ]] || fail "a failed start has left its pid file"
install -d -o nobody /var/lib/visits
"$confined" start
pid=$(</run/visits.pid)

[[ $(ask) == 1 && $(ask) == 2 ]] || fail "it does not count"
user=$(id -u nobody)
[[ $(field Uid) == "$user"$'\t'"$user"$'\t'"$user"$'\t'"$user" ]] || fail "Uid: $(field Uid)"
for set in CapInh CapPrm CapEff CapBnd CapAmb; do  # 0x400 is CAP_NET_BIND_SERVICE alone
    [[ $(field $set) == 0000000000000400 ]] || fail "$set: $(field $set)"
done
[[ $(field NoNewPrivs) == 1 && $(field Seccomp) == 2 ]] || fail "not confined: $(field Seccomp)"
grep -q '^Max open files *64 *64 ' "/proc/$pid/limits" || fail "the limit is not set"

refused "already running, pid $pid" "$confined" start
kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -s /run/visits.pid ]] || fail "the pid file still names it"

"$confined" start  # a number that is kept, and a pid file that was emptied, not removed
pid=$(</run/visits.pid)
[[ $(ask) == 3 ]] || fail "the count is not kept"

# The printed unit has what systemd can do of it. It is rated without the drop of the user, which
# the program does itself, since its pid file is root's.
if [[ $(type -P systemd-analyze) ]]; then
    "$confined" unit >/run/visits.service
    said=$(systemd-analyze verify --man=no /run/visits.service 2>&1) || true
    [[ ! $said ]] || fail "systemd says of the unit: $said"
    systemd-analyze security --offline=yes --threshold=80 /run/visits.service >/run/rating ||
        fail "the unit is rated worse than it was: $(tail -n 1 /run/rating)"
fi
