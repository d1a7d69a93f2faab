#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# supervisord.sh PROGRAM: supervisord starts, reloads, restarts and stops it.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs supervisord

{
    printf '[supervisord]\nnodaemon=true\nlogfile=%s\npidfile=%s\nchildlogdir=%s\n' \
        "$dir/supervisord.log" "$dir/supervisord.pid" "$dir"
    printf '[unix_http_server]\nfile=%s\n[supervisorctl]\nserverurl=unix://%s\n' "$dir/s" "$dir/s"
    printf '[rpcinterface:supervisor]\nsupervisor.rpcinterface_factory = %s\n' \
        supervisor.rpcinterface:make_main_rpcinterface
    from_deploy supervisord/everywhere.conf
} >"$dir/conf"
order() { supervisorctl -c "$dir/conf" "$@"; }
is_running() { order status everywhere | grep -q RUNNING; }

supervisord -c "$dir/conf" >"$dir/out" 2>&1 &
started+=($!)
wait_for 20 is_running || fail "not running: $(cat "$dir/out" "$log")"
serves || fail "running and does not serve: $(<"$log")"
main=$(main_pid)
[[ $(order pid everywhere) == "$main" ]] || fail "supervisord supervises another process"

order signal HUP everywhere >/dev/null
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
kill -KILL "$main"
wait_for 20 serves "$main" || fail "kill -9: $(<"$log")"
main=$(main_pid)
order restart everywhere >/dev/null
wait_for 10 serves "$main" || fail "restart: $(<"$log")"
order stop everywhere >/dev/null
is_down || fail "stopped and still there"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
