#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""pairs.py COMPILER: the functions of pairs.cpp are the same, pair by pair, however optimised."""
import sys

from codegen import *
from compositions import compile_object

compiler = sys.argv[1]
needs(compiler, "objdump", "nm")

# Without global value numbering (clang at -O1) the handle that a body may take stays in memory: one
# byte, of which the compiler does not see that it says `ready`.
takes_daemon = {"ready_first", "ready_last"}

with scratch() as directory:
    for level in "-O1", "-O2", "-Os":
        target = directory + "/pairs.o"
        compile_object(compiler, [], target, level, source=HERE + "/pairs.cpp")
        symbols = run("nm", "--defined-only", target)
        names = [word[len("composed_"):] for word in symbols.split() if word.startswith("composed_")]
        check(len(names) == 6, "pairs in pairs.cpp:", *names)
        for name in names:
            if name in takes_daemon and level == "-O1" and compiler_name(compiler).startswith("clang"):
                continue
            ours, theirs = (instructions(target, kind + name) for kind in ("composed_", "by_hand_"))
            if check(ours == theirs, compiler, level, name, "\n  ", "\n   ".join(ours), "\n  instead of\n  ",
                     "\n   ".join(theirs)):
                print("%s %s %s: %d lines" % (compiler, level, name, len(ours)))
finish()
