#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# heartbeat.sh PROGRAM
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

heartbeat=$1
dir=$(mktemp -d)
trap '"$heartbeat" stop --dir "$dir" >/dev/null 2>&1 || true; rm -rf "$dir"' EXIT

refused usage "$heartbeat"
refused usage "$heartbeat" dance
refused "try: heartbeat --help" "$heartbeat" dance
for every in never 5x 0 -1 ''; do
    refused --every "$heartbeat" start --every "$every" --dir "$dir"
done
refused "pid file: path: is empty" "$heartbeat" start --dir ''
refused "File name too long" "$heartbeat" start --dir "$(printf '/x%.0s' {1..3000})"
refused "pid file: $dir/none/" "$heartbeat" start --dir "$dir/none"
refused "not running" "$heartbeat" stop --dir "$dir"

"$heartbeat" start --every 1 --dir "$dir"
pid=$(<"$dir/heartbeat.pid")
! gone "$pid" || fail "no process $pid"
grep -q "Daemon started with pid $pid" "$dir/heartbeat.log" || fail "no first line in the log"
alive='Daemon Alive! .*[0-9][0-9]:[0-9][0-9]:[0-9][0-9]'
wait_for 10 grep -q "$alive" "$dir/heartbeat.log" || fail "no heartbeat in the log"

refused "already running" "$heartbeat" start --dir "$dir"
refused "$pid" "$heartbeat" start --dir "$dir"
[[ $(<"$dir/heartbeat.pid") == "$pid" ]] || fail "a refused start changed the pid file"

"$heartbeat" stop --dir "$dir"
wait_for 5 gone "$pid" || fail "process $pid is still there"
[[ ! -e $dir/heartbeat.pid ]] || fail "the pid file is still there"
refused "not running" "$heartbeat" stop --dir "$dir"

# Several of them, beside each other; a unit starts the one that it was asked for.
for name in one two; do
    "$heartbeat" start --dir "$dir" --instance $name
    [[ -s $dir/heartbeat@$name.pid ]] || fail "no pid file of instance $name"
    "$heartbeat" unit --dir "$dir" --instance=$name >"$dir/unit"
    grep -qx "ExecStart=.* start --dir $dir --instance=$name" "$dir/unit" || fail "$(<"$dir/unit")"
done
"$heartbeat" stop --dir "$dir" --instance one
"$heartbeat" status --dir "$dir" --instance two >/dev/null || fail "the other instance ended"
"$heartbeat" stop --dir "$dir" --instance two
refused "path: is empty" "$heartbeat" start --dir "$dir" --instance ../x

# Without --dir: a user's own directories, of which one is made; root's are the system's.
chmod 755 "$dir"
install -m 755 "$heartbeat" "$dir/heartbeat"
user=(env -i "HOME=$dir/home" "XDG_RUNTIME_DIR=$dir/run")
mkdir "$dir/home" "$dir/run"
if ((EUID == 0)); then
    chown 60000:60000 "$dir/home" "$dir/run"
    user=(setpriv --reuid 60000 --regid 60000 --clear-groups "${user[@]}")
fi
state=$dir/home/.local/state
"${user[@]}" "$dir/heartbeat" start
[[ -s $dir/run/heartbeat.pid ]] || fail "no pid file in XDG_RUNTIME_DIR"
grep -q 'Daemon started' "$state/heartbeat.log" || fail "no log in HOME/.local/state"
[[ $(stat -c %a "$state") == 700 ]] || fail "the user's directory is open to others"
"${user[@]}" "$dir/heartbeat" stop
"${user[@]}" "XDG_STATE_HOME=$dir/run" "$dir/heartbeat" start
grep -q 'Daemon started' "$dir/run/heartbeat.log" || fail "no log in XDG_STATE_HOME"
"${user[@]}" "$dir/heartbeat" stop
"${user[@]}" XDG_RUNTIME_DIR= "$dir/heartbeat" help >/dev/null
refused "path: is empty" "${user[@]}" XDG_RUNTIME_DIR= "$dir/heartbeat" start
"${user[@]}" XDG_STATE_HOME=relative "$dir/heartbeat" start  # as if it were not set
"${user[@]}" "$dir/heartbeat" stop

if ((EUID != 0)) || ! unshare --mount true 2>/dev/null; then
    echo "not tried: root's directories, which need a mount namespace"
    exit
fi
unshare --mount --propagation private bash -s "$dir/heartbeat" <<'END' || fail "as root"
set -e
mount -t tmpfs tmpfs /run
mount -t tmpfs tmpfs /var/log
"$1" start
[[ -s /run/heartbeat.pid && -s /var/log/heartbeat.log ]]
"$1" stop
[[ ! -e /run/heartbeat.pid ]]
END
