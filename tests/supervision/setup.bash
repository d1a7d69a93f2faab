# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# What the tests of examples/5_everywhere under its supervisors have in common; sourced by each of
# them, with the program as its first argument.
# shellcheck source-path=SCRIPTDIR source=../examples/steps.bash
source "$(dirname "${BASH_SOURCE[0]}")/../examples/steps.bash"

deploy=$(cd "$(dirname "${BASH_SOURCE[0]}")/../../examples/deploy" && pwd)
program=$(readlink -f "$1")
dir=$(mktemp -d)
pid_file=$dir/everywhere.pid
log=$dir/log
started=()  # processes of the test's own
trap clean_up EXIT

clean_up() {
    ((${#started[@]} == 0)) || kill "${started[@]}" 2>/dev/null || true
    "$program" stop --force --pid-file "$pid_file" >/dev/null 2>&1 || true
    wait
    rm -rf "$dir"
}

skip() {
    printf 'skipped: %s\n' "$*"
    exit 77
}

needs() {  # needs PROGRAM
    [[ $(type -P "$1") ]] || skip "no $1 here"
}

listens() {  # listens PORT: somebody does, on 127.0.0.1
    grep -q "0100007F:$(printf %04X "$1") 00000000:0000 0A" /proc/net/tcp
}
port=$((20000 + $$ % 10000))
while listens $port; do
    port=$((port + 1))
done

echoes() {  # echoes [TEXT]: the server sends back what it is sent
    local text=${1-hello} answer tcp
    { exec {tcp}<>"/dev/tcp/127.0.0.1/$port"; } 2>/dev/null || return 1
    printf '%s\n' "$text" >&"$tcp"
    IFS= read -r -t 5 answer <&"$tcp" || answer=''
    exec {tcp}>&-
    [[ $answer == "$text" ]]
}

says() { grep -q -- "$1" "$log" 2>/dev/null; }  # says TEXT: in the log

main_pid() { cat "$pid_file" 2>/dev/null || true; }

serves() {  # serves [OTHER]: the pid file names a process that is not OTHER, and it echoes
    local pid
    pid=$(main_pid)
    [[ $pid && $pid != "${1-}" ]] && ! gone "$pid" && echoes && probe
}
probe() { "$program" status --pid-file "$pid_file" >/dev/null; }
is_down() { ! probe && ! listens $port; }

# from_deploy FILE: what examples/deploy has for this home, with the test's own paths
from_deploy() {
    sed -e "s,/usr/local/bin/everywhere,$program,g" -e "s,/run/everywhere/everywhere.pid,$pid_file,g" \
        -e "s,\b7007\b,$port,g" -e "s,/var/log/everywhere.log,$log,g" "$deploy/$1"
}
