#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
# qualified_calls.py CLANG SOURCE ARGUMENT...: which calls in our headers a function of the user's could
# answer. An unqualified call in a template is also looked up in the namespaces of its arguments, and an
# argument may be a policy of the user's. Prints each such call and ends with 1.
import re
import subprocess
import sys

clang, source, *arguments = sys.argv[1:]
tree = subprocess.Popen([clang, *arguments, "-std=c++20", "-fsyntax-only", "-w", "-Xclang", "-ast-dump",
                         "-fno-color-diagnostics", source],
                        stdout=subprocess.PIPE, text=True, errors="replace")
header, line, headers, calls = "", "", set(), set()
for node in tree.stdout:  # a place names its file, and its line, where they differ from the last place's
    for place in re.finditer(r"([^\s:<>,]+):(\d+):\d+", node):
        if place[1] != "line":
            header = place[1]
            headers.add(header)
        line = place[2]
    call = re.search(r"UnresolvedLookupExpr .*\(ADL\) = '(\w+)'", node)
    if call and "/daemonizer/" in header and not call[1].startswith("operator"):
        calls.add(f"{header}:{line}: {call[1]}")

print("\n".join(sorted(calls)) or "no call of ours is looked up in other namespaces")
ours = [name for name in headers if "/daemonizer/" in name]
sys.exit(tree.wait() != 0 or bool(calls) or not ours)
