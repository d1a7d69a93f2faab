#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# upgrade_s6.sh PROGRAM: under s6-supervise a program upgrades itself, and s6 sees one process. Each
# version is replaced by the next before it has begun its start.
# shellcheck source-path=SCRIPTDIR source=upgrade.bash
source "$(dirname "${BASH_SOURCE[0]}")/upgrade.bash"
needs s6-supervise

service=$dir/service
mkdir "$service"
printf '#!/bin/sh\nexec 2>&1\nexec env BEGINS_SLOWLY= %s serve %s %s 3\n' "$server" "$pid_file" "$socket" >"$service/run"
chmod +x "$service/run"
echo 3 >"$service/notification-fd"
s6-supervise "$service" >"$log" 2>&1 &
started+=($!)
wait_for 10 s6-svstat "$service" || fail "s6-supervise does not run: $(<"$log")"
s6-svwait -U -t 10000 "$service" || fail "not ready: $(<"$log")"
main=$(main_pid)

upgrade_often s6-svc -2 "$service"
check_bad_version s6-svc -2 "$service"
[[ $(s6-svstat -o pid "$service") == "$main" ]] || fail "s6 supervises another process"
s6-svstat "$service" | grep -q ' ready ' || fail "$(s6-svstat "$service")"

s6-svc -wD -T 10000 -d "$service" || fail "does not stop"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
s6-svc -x "$service"
