#!/usr/bin/env bash
# SPDX-License-Identifier: BSL-1.0
# shell_blocks.sh ROOT: runs every ```sh block of README.md, CONTRIBUTING.md and docs/*.md as it stands there,
# page by page, in a copy of the source tree. What a block installs goes below DESTDIR, not into the system.
# A block after the line "<!-- not run in tests: REASON -->" is only counted.
set -euo pipefail

root=$(realpath "$1")
if ! type -P g++ >/dev/null || ! type -P cmake >/dev/null; then
    echo "skipped: the blocks call g++ and cmake"
    exit 77
fi
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT
mkdir "$scratch/tree" "$scratch/home" "$scratch/blocks"
tar -C "$root" --exclude=./build --exclude=./.git -cf - . | tar -C "$scratch/tree" -xf -
export HOME=$scratch/home DESTDIR=$scratch/installed

cd "$scratch/tree"
ran=0
for page in README.md CONTRIBUTING.md docs/*.md; do
    script=$scratch/blocks/${page//\//_}
    awk -v page="$page" '
        /^<!-- not run in tests: .* -->$/ { skip = $0; next }
        /^```sh$/ { inside = 1; skipped = skip != ""; ++count; next }
        /^```$/ { inside = 0 }
        inside && !skipped { print }
        !inside && NF { skip = "" }
        END { print count + 0 >"/dev/stderr" }' "$page" >"$script" 2>"$script.count"
    if [[ ! -s $script ]]; then
        continue
    fi
    echo "== $page"
    if ! bash -euo pipefail "$script" <&- >"$script.out" 2>&1; then
        cat "$script" "$script.out"
        echo "a shell block of $page fails"
        exit 1
    fi
    ran=$((ran + 1))
done
if ((ran < 4)); then
    echo "only $ran pages have shell blocks that are run"
    exit 1
fi
