#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# socket_activate.sh PROGRAM: started by its first client, on the socket that was passed.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs systemd-socket-activate

systemd-socket-activate --listen "127.0.0.1:$port" --fdname=echo \
    "$program" start --port 1 --pid-file "$pid_file" >"$log" 2>&1 &
activator=$!
started+=("$activator")
wait_for 10 listens $port || fail "nobody listens: $(<"$log")"
[[ ! -e $pid_file ]] || fail "started before its first client"
wait_for 10 echoes || fail "the first client gets no answer: $(<"$log")"
[[ $(main_pid) == "$activator" ]] || fail "it has forked: $(<"$log")"
probe || fail "no status: $(<"$log")"
"$program" reload --pid-file "$pid_file"
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
echoes || fail "no answer after the reload: $(<"$log")"
"$program" stop --pid-file "$pid_file"
is_down || fail "stopped and still there"
