#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# pkill.sh PROGRAM: pkill -F FILE -L takes our pid file, and refuses one that no daemon holds.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
PATH+=:/usr/sbin:/sbin
needs pkill
[[ $(pkill --help) == *--logpidfile* ]] || skip "this pkill has no -L"

"$service" start --dir "$dir"
pid=$(<"$pid_file")
[[ $(pgrep -F "$pid_file" -L) == "$pid" ]] || fail "pgrep does not find $pid"
pkill -F "$pid_file" -L -HUP
! gone "$pid" || fail "SIGHUP ended it"
pkill -F "$pid_file" -L -TERM
wait_for 10 gone "$pid" || fail "SIGTERM did not end it"
[[ ! -e $pid_file ]] || fail "the pid file is still there"

sleep 60 &
stranger=$!
echo "$stranger" >"$pid_file"
refused 'not valid' pkill -F "$pid_file" -L -TERM
! gone "$stranger" || fail "a stranger was killed"
kill "$stranger"
