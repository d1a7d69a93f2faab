#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# heartbeat.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

heartbeat=$1
dir=$(mktemp -d)
trap '"$heartbeat" stop --dir "$dir" >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT

refused usage "$heartbeat"
refused usage "$heartbeat" dance
refused --every "$heartbeat" start --every never --dir "$dir"
refused "not running" "$heartbeat" stop --dir "$dir"

"$heartbeat" start --every 1 --dir "$dir"
pid=$(<"$dir/heartbeat.pid")
! gone "$pid" || fail "no process $pid"
grep -q "Daemon started with pid $pid" "$dir/heartbeat.log" || fail "no first line in the log"
alive='Daemon Alive! .*[0-9][0-9]:[0-9][0-9]:[0-9][0-9]'
wait_for 10 grep -q "$alive" "$dir/heartbeat.log" || fail "no heartbeat in the log"

refused "already running" "$heartbeat" start --dir "$dir"
refused "$pid" "$heartbeat" start --dir "$dir"
[[ $(<"$dir/heartbeat.pid") == "$pid" ]] || fail "a refused start changed the pid file"

"$heartbeat" stop --dir "$dir"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/heartbeat.pid ]] || fail "the pid file is still there"
refused "not running" "$heartbeat" stop --dir "$dir"
