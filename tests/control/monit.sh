#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# monit.sh PROGRAM: monit watches our pid file, and starts the service again after a kill -9.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
PATH+=:/usr/sbin:/sbin
needs monit

conf=$dir/monitrc
install -m 0600 /dev/stdin "$conf" <<END
set daemon 1
set idfile $dir/monit.id
set statefile $dir/monit.state
set pidfile $dir/monit.pid
set httpd unixsocket $dir/monit.socket allow user:pass
check process service with pidfile "$pid_file"
    start program = "$service start --dir $dir" with timeout 10 seconds
    stop program = "$service stop --dir $dir" with timeout 10 seconds
END
monit -t -c "$conf" >/dev/null
monit -I -c "$conf" >"$dir/monit.log" 2>&1 &
monit=$!
trap 'kill "$monit" 2>/dev/null || true; wait "$monit" || true; clean_up' EXIT

says() {  # says STATE
    monit -c "$conf" -B summary service | grep -qi "service .*$1"
}

wait_for 30 serves || fail "monit did not start it: $(<"$dir/monit.log")"
wait_for 30 says ok || fail "monit says: $(monit -c "$conf" -B summary)"
first=$(<"$pid_file")
kill -KILL "$first"
wait_for 30 serves "$first" || fail "monit did not restart it: $(<"$dir/monit.log")"
wait_for 30 says ok || fail "monit says: $(monit -c "$conf" -B summary)"
second=$(<"$pid_file")
monit -c "$conf" restart service
wait_for 30 serves "$second" || fail "not restarted: $(<"$dir/monit.log")"
gone "$second" || fail "two of them"
wait_for 30 says ok || fail "monit says: $(monit -c "$conf" -B summary)"
last=$(<"$pid_file")
monit -c "$conf" stop service
wait_for 30 gone "$last" || fail "monit did not stop it: $(<"$dir/monit.log")"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
