#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 3_own_policy.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

refused usage "$program"

if ((EUID != 0)); then  # the step's name is in the line that the starter sees
    refused "priority: setpriority: " "$program" -20 "$dir/pid"
    [[ ! -e $dir/pid ]] || fail "a failed start left its pid file"
fi

"$program" 19 "$dir/pid"
pid=$(<"$dir/pid")
read -ra stat <"/proc/$pid/stat" # proc(5): the nineteenth is the nice value
((stat[18] == 19)) || fail "the policy did not set the priority"

kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/pid ]] || fail "the pid file is still there"
