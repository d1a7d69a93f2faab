#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 2_configuration.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
dir=$(mktemp -d)
pid=''
trap '[[ ! $pid ]] || kill "$pid" 2>/dev/null || true; rm -rf "$dir"' EXIT

refused usage "$program"

# A failure before ready is seen by the starter, and leaves nothing.
refused "cannot be opened" "$program" "$dir/none" "$dir/pid"
echo 'salutation = hello' >"$dir/broken"
refused "has no line" "$program" "$dir/broken" "$dir/pid"
status=0
"$program" "$dir/broken" "$dir/pid" 2>/dev/null || status=$?
((status == 3)) || fail "the status is $status and not the body's 3"
[[ ! -e $dir/pid ]] || fail "a failed start left its pid file"

echo 'greeting = hello' >"$dir/good"
"$program" "$dir/good" "$dir/pid"
pid=$(<"$dir/pid")
cp "$dir/broken" "$dir/good"
kill -HUP "$pid"
sleep 0.2
! gone "$pid" || fail "a reload of a broken configuration ended the daemon"

kill "$pid"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/pid ]] || fail "the pid file is still there"
