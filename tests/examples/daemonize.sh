#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# daemonize.sh PROGRAM SERVICE
# shellcheck source-path=SCRIPTDIR source=steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/steps.bash"

daemonize=$1 service=$2
dir=$(mktemp -d)
chmod 755 "$dir"
pid_file=$dir/pid
log=$dir/log
leave() {
    local status=$?
    "$daemonize" --stop --pid-file "$pid_file" --timeout 2 --force >/dev/null 2>&1 || true
    ((status == 0)) || cat "$log" "$dir/said" >&2 2>/dev/null || true
    rm -rf "$dir"
    exit "$status"
}
trap leave EXIT

# Options that every start here has.
with=(--pid-file "$pid_file" --log "$log")

# gives STATUS TEXT COMMAND...: COMMAND ends with STATUS and says TEXT
gives() {
    local status=0
    "${@:3}" >"$dir/said" 2>&1 </dev/null || status=$?
    [[ $status == "$1" ]] || fail "status $status and not $1: ${*:3}: $(<"$dir/said")"
    [[ $(<"$dir/said") == *"$2"* ]] || fail "${*:3} does not say '$2' but: $(<"$dir/said")"
}
start() { gives 0 "" "$daemonize" "${with[@]}" "$@"; }
# fails STATUS TEXT OPTION...: a start that leaves nothing
fails() {
    gives "$1" "$2" "$daemonize" "${with[@]}" "${@:3}"
    [[ ! -e $pid_file ]] || fail "a failed start has left its pid file: ${*:3}"
    ! pgrep -f "^sleep $unique" >/dev/null || fail "a failed start has left a process: ${*:3}"
}
stop() {
    gives 0 "" "$daemonize" --stop --pid-file "$pid_file"
    [[ ! -e $pid_file ]] || fail "--stop has left the pid file"
}
status_is() { gives "$1" "$2" "$daemonize" --status --pid-file "$pid_file"; }
pid() { cat "$pid_file"; }
child_of() { pgrep -P "$1" 2>/dev/null; }  # also of nobody
sleeps() { [[ $(ps -o comm= -p "$1") == sleep ]]; }  # what a shell executes last, soon after it is ready
says() { grep -q -- "$1" "$log"; }
unique=1000000$$  # the argument of a sleep that is one of ours
sleeper="exec sleep $unique"

echo "- the command line"
gives 0 "usage: daemonize" "$daemonize" --help
gives 0 "daemonize 0" "$daemonize" --version
gives 2 "PROGRAM: is missing" "$daemonize"
gives 2 "unrecognized option" "$daemonize" --colour red -- true
gives 2 "requires an argument" "$daemonize" --pid-file
gives 2 "only one of them" "$daemonize" --stop --status --pid-file "$pid_file"
gives 2 "--pid-file is needed" "$daemonize" --stop
gives 2 "take no PROGRAM" "$daemonize" --status --pid-file "$pid_file" -- true
gives 2 "is for --stop" "$daemonize" --force -- true
for wrong in 0 -1 x 1x '' 99999999999; do
    gives 2 "--timeout: a whole number" "$daemonize" --timeout "$wrong" -- true
done
for wrong in fd: fd:2 fd:1024 fd:x soon ''; do
    gives 2 "--ready: " "$daemonize" --ready "$wrong" -- true
done
for wrong in '' : user: :group; do
    gives 2 "--user: " "$daemonize" --user "$wrong" -- true
done
gives 1 "stdout" sh -c "'$daemonize' --help >/dev/full"

echo "- a program that cannot be executed"
fails 127 "No such file or directory" -- "$dir/nothing"
fails 127 "No such file or directory" -- nothing-of-this-name
fails 126 "Permission denied" -- "$dir"
echo 'neither a program nor a script' >"$dir/text"
fails 126 "text: Permission denied" -- "$dir/text"
chmod +x "$dir/text"
fails 126 "text: Exec format error" -- "$dir/text"
printf '#!%s/nothing\n' "$dir" >"$dir/script"
chmod +x "$dir/script"
fails 127 "script: No such file or directory" -- "$dir/script"
gives 127 "No such file or directory" env PATH=/nowhere "$daemonize" -- sleep 1

echo "- a start: what the program finds"
(
    cd "$dir"
    mkdir bin
    cat >bin/look <<'END'
#!/bin/sh
echo "arguments $*"; echo "on stderr" >&2
echo "directory $(pwd)"; echo "umask $(umask)"; echo "colour $COLOUR"
printf "descriptors "; ls -m /proc/$$/fd
# A child has the masks of the shell, which blocks all of them for a moment when it forks.
grep -E '^(SigBlk|SigIgn)' /proc/self/status
echo "session $(cut -d ' ' -f 6 /proc/$$/stat) of $$, terminal $(cut -d ' ' -f 7 /proc/$$/stat)"
echo "stdin $(readlink /proc/$$/fd/0)"
END
    printf '%s\n' "$sleeper" >>bin/look
    chmod +x bin/look
    trap '' USR1 INT
    umask 077
    exec 9</dev/zero
    COLOUR=red "$daemonize" --pid-file pid --log log -- bin/look --two 'wo rds'
)
wait_for 5 says "stdin" || fail "the program has not looked"
for line in "arguments --two wo rds" "on stderr" "directory /" "umask 0022" "colour red" \
    "SigBlk:.0000000000000000" "SigIgn:.0000000000000000" "terminal 0" "stdin /dev/null"; do
    says "^$line" || says "$line\$" || fail "the program does not find: $line"
done
# 10 is the shell's own, which reads the script
says "^descriptors 0, 1, 10, 2$" || fail "the program has other descriptors"
[[ $(stat -c %a "$log") == 640 && $(stat -c %a "$pid_file") == 644 ]] || fail "modes of the files"
status_is 0 "running, pid $(pid)"
wait_for 5 sleeps "$(child_of "$(pid)")" || fail "the program is no child"

echo "- a second start"
gives 1 "already running, pid $(pid)" "$daemonize" "${with[@]}" -- sleep 1
stop
gives 7 "not running" "$daemonize" --stop --pid-file "$pid_file"
status_is 3 "not running"

echo "- signals are passed on"
start -- bash -c 'for s in HUP USR1 USR2 WINCH QUIT INT ALRM TTIN TTOU; do trap "echo got $s" $s; done
    trap "echo got TERM; exit 0" TERM; echo listens; while :; do sleep 0.05; done'
wait_for 5 says listens || fail "the program does not begin"
for name in HUP USR1 USR2 WINCH QUIT INT ALRM TTIN TTOU; do
    kill -s "$name" "$(pid)"
    wait_for 5 says "^got $name" || fail "SIG$name has not been passed on"
done
stop
says "^got TERM" || fail "SIGTERM has not been passed on"

echo "- ends: by itself, by a signal, with the watchman"
start -- sh -c 'sleep 0.3; exit 7'
wait_for 5 says "sh: has ended with status 7" || fail "the end is not in the log"
wait_for 5 test ! -e "$pid_file" || fail "the pid file stays"
start -- sh -c "$sleeper"
kill -SEGV "$(child_of "$(pid)")"
wait_for 5 says "sh: was killed: Segmentation fault, signal 11" || fail "a crash is not in the log"
wait_for 5 test ! -e "$pid_file" || fail "the pid file stays"
start -- sh -c "$sleeper"
program=$(child_of "$(pid)")
kill -KILL "$(pid)"
wait_for 5 gone "$program" || fail "the program outlives its watchman"
status_is 1 "pid file remains"
start -- sh -c "$sleeper"  # over a stale file
stop

echo "- --ready fd"
start --ready fd -- sh -c "sleep 0.2; echo slow >&2; echo >&3; $sleeper"
says slow || fail "left before the program was ready"
stop
start --ready fd:7 -- sh -c "echo nothing >&2; echo >&7; $sleeper"
stop
fails 3 "sh: has ended with status 3" --ready fd -- sh -c 'exit 3'
fails 1 "sh: has ended with status 0" --ready fd -- sh -c 'exit 0'
fails 139 "sh: was killed: Segmentation fault, signal 11" --ready fd -- sh -c 'kill -SEGV $$'
fails 1 "has closed descriptor 3 without a newline" --ready fd -- sh -c "exec 3>&-; $sleeper"
fails 1 "has closed descriptor 3 without a newline" --ready fd -- \
    sh -c "printf x >&3; exec 3>&-; $sleeper"
fails 124 "took longer than 1 s" --ready fd --timeout 1 -- sh -c "$sleeper"
fails 124 "took longer than 1 s" --ready fd --timeout 1 -- \
    sh -c "trap '' TERM; sleep $unique & while :; do sleep $unique; done"
fails 127 "No such file" --ready fd -- "$dir/script"

echo "- --ready notify"
start --ready notify -- "$service" send READY=1
stop
gives 0 "" env NOTIFY_SOCKET=/nowhere WATCHDOG_USEC=1 "$daemonize" "${with[@]}" --ready notify -- \
    sh -c "echo watchdog:\${WATCHDOG_USEC-none}; exec $service send STATUS=loads 'X_Y=1
READY=1'"
says "^watchdog:none" || fail "the program is to ping somebody"
stop
start --ready notify -- "$service" barrier
wait_for 5 says "has been read" || fail "a barrier is not answered"
stop
fails 5 "daemonize_service: has ended with status 5: the disk is full" --ready notify -- \
    "$service" only "STATUS=the disk is full" READY=0
fails 124 "took longer than 1 s" --ready notify --timeout 1 -- "$service" send READY=0 READY
start --ready notify --timeout 1 -- sh -c "$service only EXTEND_TIMEOUT_USEC=20000000
    sleep 1.5; exec $service send READY=1"
stop

echo "- a program that forks and names its child"
start --ready notify -- "$service" fork
wait_for 5 says "^main process" || fail "no child"
main=$(sed -n 's/^main process //p' "$log")
status_is 0 running
! gone "$main" || fail "the child is gone"
stop
gone "$main" || fail "the child has not been told to end"
for ((i = 0; i != 20; ++i)); do  # the parent leaves before, while and after it is looked at
    start --ready notify -- "$service" fork
    stop
done
for main in $(sed -n 's/^main process //p' "$log"); do
    gone "$main" || fail "a child has not been told to end"
done
# A stranger's number, and a number of nobody, is no successor.
fails 1 "sh: has ended with status 0" --ready notify -- sh -c "$service only MAINPID=1 || exit 0"
fails 1 "sh: has ended with status 0" --ready notify -- \
    sh -c "$service only MAINPID=$$ MAINPID=$$; exit 0"

echo "- --ready none: the program takes daemonize's place"
start --ready none -- sh -c "$sleeper"
wait_for 5 sleeps "$(pid)" || fail "the pid file does not name the program"
grep -q '^SigBlk:.0*$' "/proc/$(pid)/status" || fail "the program has signals blocked"
status_is 0 "running, pid $(pid)"
gives 1 "already running, pid $(pid)" "$daemonize" "${with[@]}" -- sleep 1
stop
status_is 3 "not running"
start --ready none -- sleep 0.2
wait_for 5 gone "$(pid)" || fail "it has not ended"
status_is 1 "pid file remains"
start --ready none -- "$dir/text"  # over a stale file
wait_for 5 says "^${daemonize##*/}: text: Exec format error" || fail "the log does not say it"

echo "- --keep-alive"
program_is_other() { [[ $(child_of "$(child_of "$(pid)")") != "$1" ]] && new_program; }
new_program() { [[ -n $(child_of "$(child_of "$(pid)")") ]]; }
start --keep-alive --ready fd -- sh -c "echo >&3; $sleeper"
monitor=$(pid)
program=$(child_of "$(child_of "$monitor")")
kill -SEGV "$program"
wait_for 10 program_is_other "$program" || fail "not started again"
[[ $(pid) == "$monitor" ]] || fail "another number"
status_is 0 "running, pid $monitor"
says "monitor: daemon: has ended with status 139; started again, restart 1" || fail "not said"
stop
start --keep-alive -- sh -c 'sleep 0.3; exit 0'
wait_for 5 test ! -e "$pid_file" || fail "a program that has ended with 0 was started again"
fails 3 "has ended with status 3" --keep-alive --ready fd -- sh -c 'exit 3'
start --keep-alive --ready none -- sh -c "$sleeper"
program=$(child_of "$(pid)")
wait_for 5 sleeps "$program" || fail "the program is no child of its monitor"
kill -SEGV "$program"
restarted() { local now; now=$(child_of "$(pid)") && [[ $now != "$program" ]] && sleeps "$now"; }
wait_for 10 restarted || fail "not started again"
[[ $(cd "/proc/$(child_of "$(pid)")/fd" && echo *) == "0 1 2" ]] || fail "descriptors in a restart"

echo "- --restart"
old=$(pid)
start --restart --keep-alive -- sh -c "$sleeper"
[[ $(pid) != "$old" ]] && gone "$old" || fail "the old one runs"
monitor=$(pid)
kill -KILL "$(child_of "$(child_of "$monitor")")"
wait_for 10 says "started again, restart 1" || fail "not started again"
wait_for 5 new_program || fail "no program after a restart"
[[ $(pid) == "$monitor" ]] || fail "a restart of the monitor's has stopped its service"
stop
start --restar -- sh -c "$sleeper"  # nothing runs, and getopt_long knows abbreviations
stop
start -- sh -c "trap '' TERM; echo deaf; while :; do sleep 0.1; done"
wait_for 5 says deaf
gives 1 "still running" "$daemonize" --restart "${with[@]}" --timeout 1 -- sleep "$unique"
gives 1 "still running" "$daemonize" --stop --pid-file "$pid_file" --timeout 1
start --restart --timeout 1 --fo -- sh -c "$sleeper"
old=$(pid)
gives 127 "no-such-program: No such file or directory" "$daemonize" --restart "${with[@]}" -- no-such-program
[[ $(pid) == "$old" ]] || fail "what runs was stopped for a program that is not there"
stop

echo "- a start that is cancelled, and a launcher that is killed"
for signal in TERM HUP KILL; do
    "$daemonize" "${with[@]}" --ready fd -- \
        sh -c "echo \$\$ >'$dir/program'; sleep 0.5; echo >&3; $sleeper" 2>"$dir/said" &
    wait_for 5 test -s "$dir/program" || fail "it does not begin"
    kill -s "$signal" $!
    wait $! 2>/dev/null && fail "SIG$signal: the launcher left with 0"
    wait_for 10 gone "$(<"$dir/program")" || fail "SIG$signal: the program stays"
    wait_for 5 test ! -e "$pid_file" || fail "SIG$signal: the pid file stays"
    rm "$dir/program"
done

echo "- files"
fails 1 "stdio: $dir/no/log: No such file or directory" --log "$dir/no/log" -- sleep "$unique"
gives 1 "pid file: " "$daemonize" --pid-file "$dir/no/pid" -- sleep "$unique"
fails 1 "directory: $dir/no: No such file or directory" --directory "$dir/no" -- sleep "$unique"
ln -s /etc/passwd "$dir/link"
gives 1 "is a symbolic link" "$daemonize" --log "$dir/link" -- sleep "$unique"
gives 4 "is a symbolic link" "$daemonize" --status --pid-file "$dir/link"
start --directory "$dir" -- sh -c "pwd; $sleeper"
wait_for 5 says "^$dir\$" || fail "another directory"
stop

echo "- a user"
fails 1 "run as" --user nobody-of-this-name -- sleep "$unique"
if ((EUID == 0)); then
    chgrp nogroup "$dir" && chmod 775 "$dir"
    : >"$log"
    start --user nobody:nogroup -- sh -c "id -u -n; id -g -n; id -G -n; echo named; $sleeper"
    wait_for 5 says '^named$' && says '^nobody$' && says '^nogroup$' || fail "another user"
    stop
    # Rights that the program has given up do not make it a stranger; another user is one.
    start --ready notify -- setpriv --reuid nobody --clear-groups "$service" send READY=1
    stop
    (
        for ((tries = 0; tries != 100; ++tries)); do
            program=$(pgrep -f "^sleep $unique") && break
            sleep 0.05
        done
        socket=$(tr '\0' '\n' <"/proc/$program/environ" | sed -n 's/^NOTIFY_SOCKET=//p')
        status=0
        NOTIFY_SOCKET=$socket setpriv --reuid nobody --clear-groups "$service" only READY=1 ||
            status=$?
        echo "$status" >"$dir/stranger"
    ) &
    fails 124 "took longer than 2 s" --ready notify --timeout 2 -- sleep "$unique"
    wait
    [[ $(<"$dir/stranger") == 5 ]] || fail "the stranger could not send"
    # daemonize by a user without rights, who may write here.
    rm -f "$log"
    chmod 777 "$dir"
    gives 1 "run as" setpriv --reuid nobody --clear-groups "$daemonize" --user root -- sleep 1
    gives 0 "" setpriv --reuid nobody --regid nogroup --clear-groups "$daemonize" "${with[@]}" \
        --ready fd -- sh -c "echo >&3; $sleeper"
    gives 0 "" setpriv --reuid nobody --regid nogroup --clear-groups "$daemonize" --stop \
        --pid-file "$pid_file"
    # A program that becomes root's may not be signalled by daemonize.
    cp "$(command -v setpriv)" "$dir/become"
    chmod 4755 "$dir/become"
    become=("$dir/become" --ruid 0 --euid 0 sleep "$unique")
    if [[ $(setpriv --reuid nobody --clear-groups "$dir/become" --ruid 0 --euid 0 id -ru 2>&1) == 0 ]]; then
        gives 124 "cannot be ended: Operation not permitted" setpriv --reuid nobody --regid nogroup \
            --clear-groups "$daemonize" "${with[@]}" --ready notify --timeout 1 -- "${become[@]}"
        pkill -f "^sleep $unique"
        gives 0 "" setpriv --reuid nobody --regid nogroup --clear-groups "$daemonize" "${with[@]}" \
            -- "${become[@]}"
        wait_for 5 pgrep -f "^sleep $unique" >/dev/null || fail "no program"
        kill "$(pid)"
        wait_for 5 says "become: Terminated cannot be passed on: Operation not permitted" ||
            fail "a signal that is not passed on is not said"
        pkill -f "^sleep $unique"
        wait_for 5 test ! -e "$pid_file" || fail "the pid file stays"
    else
        echo "skipped: no set-user-ID programs here"
    fi
else
    echo "skipped: --user and strangers need root"
fi
