#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# upgrade_runit.sh PROGRAM: under runsv a program upgrades itself, and runsv sees one process.
# shellcheck source-path=SCRIPTDIR source=upgrade.bash
source "$(dirname "${BASH_SOURCE[0]}")/upgrade.bash"
needs runsv

service=$dir/service
mkdir "$service"
printf '#!/bin/sh\nexec 2>&1\nexec %s serve %s %s -1\n' "$server" "$pid_file" "$socket" >"$service/run"
chmod +x "$service/run"
runsv "$service" >"$log" 2>&1 &
started+=($!)
is_named() { [[ $(main_pid) ]]; }
wait_for 10 is_named || fail "does not start: $(<"$log")"
main=$(main_pid)

upgrade_often sv 2 "$service"
check_bad_version sv 2 "$service"
[[ $(<"$service/supervise/pid") == "$main" ]] || fail "runsv supervises another process"

sv -w 10 stop "$service" || fail "does not stop: $(<"$log")"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
sv exit "$service"
