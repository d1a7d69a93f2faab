#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# runc.sh PROGRAM: a container that has nothing but PROGRAM, which is linked statically. Its own
# `status` is the probe, as in examples/deploy/container.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs runc
needs python3
((EUID == 0)) || skip "only root runs containers here"

name=everywhere-$$
inner=/dev/shm/everywhere.pid
mkdir -p "$dir/bundle/rootfs/usr/local/bin"
cp "$program" "$dir/bundle/rootfs/usr/local/bin/everywhere"
cd "$dir/bundle"
runc spec
python3 - "$inner" <<'END'
import json, sys
with open("config.json") as file:
    spec = json.load(file)
spec["process"]["terminal"] = False
spec["process"]["args"] = ["/usr/local/bin/everywhere", "start", "--pid-file", sys.argv[1]]
with open("config.json", "w") as file:
    json.dump(spec, file)
END
runtime() { runc --root "$dir/state" "$@"; }
in_container() { runtime exec $name /usr/local/bin/everywhere "$@" --pid-file $inner; }
is_ready() { in_container status >"$dir/probe" 2>&1; }

launch() {
    : >"$log"
    runtime run $name >"$log" 2>&1 </dev/null &
    container=$!
    started+=("$container")
}
launch
wait_for 20 is_ready || {
    gone "$container" && ! says listening && skip "runc runs nothing here: $(<"$log")"
    fail "not ready: $(cat "$log" "$dir/probe")"
}
grep -q 'running, pid 1,' "$dir/probe" || fail "$(<"$dir/probe")"
in_container reload
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
status=0
in_container start >"$dir/second" 2>&1 || status=$?
((status == 1)) || fail "a second start: $status, $(<"$dir/second")"
grep -q 'already running, pid 1' "$dir/second" || fail "$(<"$dir/second")"
ends_with() {
    status=0
    wait "$container" || status=$?
    ((status == $1)) || fail "status $status instead of $1: $(<"$log")"
}
runtime kill $name KILL
ends_with 137
launch
wait_for 20 is_ready || fail "not ready after kill -9: $(cat "$log" "$dir/probe")"
runtime kill $name TERM
ends_with 0
