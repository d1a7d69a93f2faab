#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 10_instances.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
name=test$$
trap '"$program" -i "$name.a" stop >/dev/null 2>&1 || true
      "$program" -i "$name.b" stop >/dev/null 2>&1 || true' EXIT

refused "command is missing" "$program"
refused "unrecognized option" "$program" --colour red start
refused "the limit is not positive" "$program" -i "$name.a" --limit 0 start

"$program" --instance "$name.a" start
"$program" --instance "$name.b" --limit 2 start
refused "already running" "$program" -i "$name.a" start
"$program" -i "$name.a" status >/dev/null || fail "the first instance does not run"
[[ $("$program" -i "$name.a" --limit 7 unit) == *"ExecStart="*" -i $name.a --limit 7 start"* ]] ||
    fail "the unit does not repeat the options"

pid=$("$program" -i "$name.b" status | sed 's,.* pid \([0-9]*\).*,\1,')
kill -USR1 "$pid"
kill -0 "$pid" || fail "ended after the first of two questions"
sleep 0.1
kill -USR1 "$pid"
wait_for 5 gone "$pid" || fail "the second instance did not end at its limit"
"$program" -i "$name.a" status >/dev/null || fail "the first instance is gone, too"
"$program" -i "$name.a" stop >/dev/null
