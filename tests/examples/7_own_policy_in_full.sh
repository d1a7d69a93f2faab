#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# 7_own_policy_in_full.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

program=$1
dir=$(mktemp -d)
options=(--audit "$dir/audit" --pid-file "$dir/pid")
trap '"$program" stop "${options[@]}" >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT

refused "audit: $dir/none/audit: No such file or directory" \
    "$program" start --audit "$dir/none/audit" --pid-file "$dir/pid"
[[ ! -e $dir/pid ]] || fail "a failed start left its pid file"

unit=$("$program" unit "${options[@]}")
[[ $unit == *$'\n'"ReadWritePaths=$dir/audit"$'\n'* ]] || fail "the unit lacks the policy's line: $unit"

"$program" start "${options[@]}"
is_told() { [[ $(<"$dir/audit") == '<5> is ready' ]]; }
wait_for 5 is_told || fail "the event ready is not in the file"  # told when the launcher may have gone
"$program" reload "${options[@]}"
reloaded() { [[ $(<"$dir/audit") == *$'<5> reloads\n<6> the configuration is as it was'* ]]; }
wait_for 5 reloaded || fail "neither the member nor the log line is in the file"
"$program" stop "${options[@]}"
[[ $(tail -n 1 "$dir/audit") == '<5> stops' ]] || fail "the event stopping is not in the file"

rm "$dir/audit"
"$program" run "${options[@]}" 2>"$dir/stderr" &
said() { [[ $(<"$dir/stderr") == '<5> reloads'* ]]; }
told() { "$program" reload "${options[@]}" && wait_for 1 said; }
wait_for 5 told 2>/dev/null || fail "nothing on stderr in the foreground"
"$program" stop "${options[@]}"
[[ ! -e $dir/audit ]] || fail "the foreground has written the file"
