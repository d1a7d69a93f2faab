#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 1_smallest.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

smallest=$1
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

refused usage "$smallest"

"$smallest" "$dir/line" 60
wait_for 10 grep -qs session "$dir/line" || fail "the daemon writes no line"
read -r _ pid _ _ session <"$dir/line"
((session != pid)) || fail "process $pid leads its session, and could get a terminal"
((session != $(ps -o sid= -p $$))) || fail "process $pid is in the session of its starter"
[[ $(readlink "/proc/$pid/cwd") == / ]] || fail "the directory of process $pid is not /"
for descriptor in 0 1 2; do
    [[ $(readlink "/proc/$pid/fd/$descriptor") == /dev/null ]] ||
        fail "descriptor $descriptor is not /dev/null"
done

kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
