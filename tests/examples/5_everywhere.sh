#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 5_everywhere.sh PROGRAM: at a shell, where nobody supervises it.
# shellcheck source-path=SCRIPTDIR source=../supervision/setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/../supervision/setup.bash"
unset NOTIFY_SOCKET SYSTEMD_EXEC_PID LISTEN_PID

order() { "$program" "$1" --port $port --pid-file "$pid_file"; }
order start
serves || fail "started and does not serve"
main=$(main_pid)
refused "already running, pid $main" order start
order reload
order restart
serves "$main" || fail "no restart"
order stop
is_down || fail "stopped and still there"

# What another process is named by, and every shell below a service inherits, is no supervisor.
SYSTEMD_EXEC_PID=1 LISTEN_PID=1 INVOCATION_ID=0123456789abcdef0123456789abcdef order start
serves || fail "below a service it does not detach"
order stop
is_down || fail "stopped and still there"
