#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 8_event_loop.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

refused usage "$program"

"$program" "$dir/pid" "$dir/log"
pid=$(<"$dir/pid")
told() {  # a signal wakes the loop, and the timer goes on beside it
    kill -HUP "$pid"
    [[ $(<"$dir/log") == *[1-9]*" ticks before signal 1"* ]]
}
wait_for 5 told || fail "no tick and SIGHUP in the log: $(<"$dir/log")"
kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ $(tail -n 1 "$dir/log") == *" ticks before signal 15" ]] || fail "SIGTERM is not in the log"
[[ ! -e $dir/pid ]] || fail "the pid file is still there"
