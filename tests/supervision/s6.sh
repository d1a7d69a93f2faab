#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# s6.sh PROGRAM: s6-supervise starts it, hears that it is ready, reloads, restarts and stops it.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
needs s6-supervise

service=$dir/everywhere
mkdir "$service"
from_deploy s6/everywhere/run >"$service/run"
chmod +x "$service/run"
cp "$deploy/s6/everywhere/notification-fd" "$service"
s6-supervise "$service" >"$log" 2>&1 &
started+=($!)
wait_for 10 s6-svstat "$service" || fail "s6-supervise does not run: $(<"$log")"

s6-svwait -U -t 10000 "$service" || fail "not ready: $(<"$log")"
serves "" || fail "ready and does not serve: $(<"$log")"
s6-svstat "$service" | grep -q ' ready ' || fail "$(s6-svstat "$service")"
main=$(main_pid)
[[ $(s6-svstat -o pid "$service") == "$main" ]] || fail "s6 supervises another process"

s6-svc -h "$service"
wait_for 10 says reloaded || fail "no reload: $(<"$log")"
[[ $(main_pid) == "$main" ]] || fail "the reload started another one"

kill -KILL "$main"
wait_for 20 serves "$main" || fail "kill -9: $(<"$log")"
main=$(main_pid)
s6-svc -wR -T 10000 -r "$service" || fail "no restart: $(<"$log")"
serves "$main" || fail "restart: $(<"$log")"

s6-svc -wD -T 10000 -d "$service" || fail "does not stop"
is_down || fail "down and still there"
[[ ! -e $pid_file ]] || fail "the pid file is still there"
s6-svc -x "$service"
