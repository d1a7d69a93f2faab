#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# start_stop_daemon.sh PROGRAM: Debian's start-stop-daemon and our pid file understand each other.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
PATH+=:/usr/sbin:/sbin
needs start-stop-daemon

tool() {
    start-stop-daemon --pidfile "$pid_file" --exec "$service" "$@"
}
status() {
    local status=0
    tool --status || status=$?
    echo "$status"
}

[[ $(status) == 3 ]] || fail "status before: $(status)"
tool --start -- start --dir "$dir"
pid=$(<"$pid_file")
[[ $(status) == 0 ]] || fail "status: $(status)"
refused 'already running' tool --start -- start --dir "$dir"
"$service" status --dir "$dir" | grep -q "running, pid $pid,"

tool --stop --signal HUP
! gone "$pid" || fail "SIGHUP ended it"
tool --stop --retry 10
gone "$pid" || fail "process $pid is still there"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
[[ $(status) == 3 ]] || fail "status after: $(status)"

"$service" start --dir "$dir"
kill -KILL "$(<"$pid_file")"
wait_for 10 gone "$(<"$pid_file")" || fail "not killed"
[[ $(status) == 1 ]] || fail "status when killed: $(status)"
refused '' tool --stop
tool --start -- start --dir "$dir"
serves || fail "not started over a stale pid file"
start-stop-daemon --stop --pidfile "$pid_file" --retry TERM/10/KILL/5
[[ ! -e $pid_file ]] || fail "the pid file is still there"
