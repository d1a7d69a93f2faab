#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# runit.sh PROGRAM: runsv starts it, `sv check` asks its own `status`, and sv reloads and stops it.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs runsv
# runsv sends SIGCONT after SIGTERM; whoever looks for leaks at the end then waits for a stop that
# it has cancelled.
export ASAN_OPTIONS=${ASAN_OPTIONS:+$ASAN_OPTIONS:}detect_leaks=0

service=$dir/everywhere
mkdir "$service"
for file in run check; do
    from_deploy runit/everywhere/$file >"$service/$file"
    chmod +x "$service/$file"
done
runsv "$service" >"$log" 2>&1 &
started+=($!)
wait_for 10 test -e "$service/supervise/ok" || fail "runsv does not run: $(<"$log")"

sv -w 10 check "$service" || fail "not up: $(<"$log")"
serves "" || fail "up and does not serve: $(<"$log")"
main=$(main_pid)
[[ $(<"$service/supervise/pid") == "$main" ]] || fail "runsv supervises another process"

sv hup "$service"
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
kill -KILL "$main"
wait_for 20 serves "$main" || fail "kill -9: $(<"$log")"
main=$(main_pid)
sv -w 10 restart "$service" || fail "no restart: $(<"$log")"
wait_for 10 serves "$main" || fail "restart: $(<"$log")"
sv -w 10 stop "$service" || fail "does not stop: $(<"$log")"
is_down || fail "down and still there"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
sv exit "$service"
