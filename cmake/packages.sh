# SPDX-License-Identifier: BSL-1.0
# shellcheck shell=bash
# Sourced by tests/run and examples/run: finds out what is missing and installs it
# with apt-get where there is one. Packages are named as Debian and Ubuntu name them.

needed=()  # the script cannot go on without these
wanted=()  # these it can do without

# need PACKAGE COMMAND...: PACKAGE is missing where COMMAND fails
need() {
    "${@:2}" >/dev/null 2>&1 </dev/null || needed+=("$1")
}

want() {
    "${@:2}" >/dev/null 2>&1 </dev/null || wanted+=("$1")
}

have() {  # have PROGRAM...: any of them
    local program
    for program; do
        command -v "$program" && return
    done
    return 1
}

have_header() {  # have_header NAME...: any of them, as a compiler finds it
    local compiler header
    compiler=$(have g++ clang++) || return
    for header; do
        "$compiler" -E -x c++ -include "$header" -I/usr/local/include \
            ${BOOST_ROOT:+"-I$BOOST_ROOT" "-I$BOOST_ROOT/include"} /dev/null && return
    done
    return 1
}

say() {
    printf '== %s\n' "$*"
}

die() {
    printf '%s: %s\n' "$0" "$*" >&2
    exit 1
}

quietly() {  # quietly COMMAND...: what it says is shown only where it fails
    local said
    said=$("$@" 2>&1) || { printf '%s\n' "$said" >&2 && return 1; }
}

install_by_apt() {  # install_by_apt PACKAGE...
    local as_root=()
    if ((EUID != 0)); then
        as_root=(sudo -n)
    fi
    quietly "${as_root[@]}" env DEBIAN_FRONTEND=noninteractive \
        apt-get install -qq -y --no-install-recommends "$@" </dev/null
}

# Installs what need and want found missing; asks for nothing, does nothing when all is there.
install_missing() {
    local packages=("${needed[@]}") package
    ((${#needed[@]} + ${#wanted[@]})) || return 0

    local as_root=()
    if ((EUID != 0)); then
        as_root=(sudo -n)
    fi
    local also=${wanted[*]:+ (and, for all of it: ${wanted[*]})}
    local without="going on without what Debian calls: ${wanted[*]}"
    if have apt-get >/dev/null && { ((EUID == 0)) || sudo -n true 2>/dev/null; }; then
        say "apt-get update, which may take a minute"
        if ! quietly "${as_root[@]}" apt-get update -qq </dev/null; then
            ((!${#needed[@]})) || return 1
            say "$without"
            return 0
        fi
        for package in "${wanted[@]}"; do
            if apt-cache show "$package" >/dev/null 2>&1; then
                packages+=("$package")
            else
                say "going on without $package, which is not to be had here"
            fi
        done
        ((${#packages[@]})) || return 0
        say "installing ${packages[*]}"
        if ! install_by_apt "${packages[@]}"; then  # one that fails keeps the others from being installed
            ((!${#needed[@]})) || install_by_apt "${needed[@]}" || return
            say "$without"
        fi
    elif ((${#needed[@]})) && have apt-get >/dev/null; then
        die "needs root, or sudo without a password, for: apt-get install ${needed[*]}$also"
    elif ((${#needed[@]})); then
        die "please install what Debian calls: ${needed[*]}$also"
    else
        say "$without"
    fi
}
