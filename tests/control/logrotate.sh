#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# logrotate.sh PROGRAM: the log renamed, then reload, by hand and by logrotate: no line is lost.
# shellcheck source-path=SCRIPTDIR source=setup.bash
source "$(dirname "${BASH_SOURCE[0]}")/setup.bash"
PATH+=:/usr/sbin:/sbin

log=$dir/service.log
has_lines() {
    [[ -s $log ]]
}
rotated() {  # rotated COMMAND...: after it the daemon writes a new log
    wait_for 10 has_lines || fail "the log stays empty"
    "$@"
    wait_for 10 has_lines || fail "no new log after $*"
}
by_hand() {
    local i
    for ((i = 9; i > 0; --i)); do
        [[ ! -e $log.$i ]] || mv "$log.$i" "$log.$((i + 1))"
    done
    mv "$log" "$log.1"
    "$service" reload --dir "$dir"
}
check_lines() {  # all of them, each once, in their order
    local last count
    mapfile -t logs < <(printf '%s\n' "$log".* | sort -rV)
    count=$(cat "${logs[@]}" "$log" | grep -vcx end)
    last=$(tail -n 2 "$log" | head -n 1)
    [[ $(tail -n 1 "$log") == end ]] || fail "the last line is missing"
    cmp <(cat "${logs[@]}" "$log") <(seq "$last" && echo end) || fail "$count of $last lines"
    ((${#logs[@]} == $1)) || fail "rotated ${#logs[@]} times"
    rm "$log" "$log".*
}

"$service" start --dir "$dir"
for _ in 1 2 3 4 5; do rotated by_hand; done
"$service" stop --dir "$dir"
check_lines 5

needs logrotate
conf=$dir/logrotate.conf
cat >"$conf" <<END
"$log" {
    rotate 20
    nocreate
    postrotate
        "$service" reload --dir "$dir"
    endscript
}
END
"$service" start --dir "$dir"
for _ in 1 2 3 4 5; do rotated logrotate -f -s "$dir/state" "$conf"; done
"$service" stop --dir "$dir"
check_lines 5
