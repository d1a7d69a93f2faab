#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 9_threads.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

refused usage "$program"

"$program" "$dir/pid" "$dir/log"
pid=$(<"$dir/pid")
threads=("/proc/$pid/task"/*)
((${#threads[@]} == 5)) || fail "not the main thread and four of a pool: ${threads[*]}"
done_job() { [[ $(<"$dir/log") == *"job $1"* ]]; }
for job in 1 2 3; do
    kill -USR1 "$pid"
    wait_for 5 done_job "$job" || fail "job $job was not done"
done
kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/pid ]] || fail "the pid file is still there"
