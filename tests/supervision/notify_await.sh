#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# notify_await.sh PROGRAM: start-stop-daemon waits for its READY=1, reloads, restarts and stops it.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs start-stop-daemon
start-stop-daemon --help | grep -q -- --notify-await || skip "this start-stop-daemon awaits nothing"

order() { start-stop-daemon --pidfile "$pid_file" --exec "$program" "$@"; }
start() {
    order --start --background --notify-await --no-close --output "$log" -- \
        start --port $port --pid-file "$pid_file" || fail "not started: $(<"$log")"
}
start
serves "" || fail "started and does not serve"
main=$(main_pid)
order --status || fail "status"
refused "" order --start --background --notify-await -- start --port 1 --pid-file "$pid_file"
[[ $(main_pid) == "$main" ]] || fail "another one was started"
order --stop --signal HUP || fail "no signal"
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
serves "" || fail "the reload has ended it"
kill -KILL "$main"
wait_for 10 gone "$main"
refused "" order --status
start
serves "$main" || fail "not started after kill -9"
order --stop --retry TERM/10 || fail "not stopped"
is_down || fail "stopped and still there"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
