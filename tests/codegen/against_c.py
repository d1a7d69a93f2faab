#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""against_c.py COMPILER: how large the typical composition is beside by_hand.c, a program in C that
makes exactly the same promises: it passes the same tests, in tests/peers. Both as small as the
compiler makes them; code, constants, strings and initialised data are counted."""
import subprocess
import sys

from codegen import *
from compositions import PLAIN, compile_object

# What has been reached with g++ 12 and clang 14, to be lowered where it can be. The rest is what C has no
# need of: a step that fails unwinds, since start() returns where run() leaves; each call goes through a host,
# which a test replaces; and the launcher of run() has a second one, without libc, and so a second copy of
# some functions. C knows how it was compiled, so that its launcher asks nobody else about its memory; it
# has one pid file a process, and does not look at whether a line is UTF-8.
at_most = {"gcc-12": 1.76, "clang-14": 1.94}
# Other versions of a compiler make other code of both programs: a few hundredths more or less.
other_versions = 1.03

compiler = sys.argv[1]
needs(compiler, "size")
if machine(compiler) != "x86_64":
    skip("the factors are those of x86_64")

typical = ["DoubleFork", "NullStdio", 'PidFile<"/run/x.pid">', "SignalFd<SIGTERM>"]


def text_and_data(target):
    text, data = run("size", target).split("\n")[1].split()[:2]
    return int(text) + int(data)


with scratch() as directory:
    ours, in_c = directory + "/ours.o", directory + "/in_c.o"
    compile_object(compiler, typical, ours, "-Os")
    flags = [flag for flag in PLAIN if flag not in ("-std=c++20", "-fno-rtti")]
    subprocess.run([compiler, "-x", "c", "-std=gnu11", *flags, "-Os", "-c", HERE + "/by_hand.c", "-o", in_c],
                   check=True)
    ours, in_c = text_and_data(ours), text_and_data(in_c)

name = compiler_name(compiler)
limit = at_most.get(name) or other_versions * next(
    factor for known, factor in at_most.items() if known.split("-")[0] == name.split("-")[0])
print("%s: %d bytes, in C %d: %.2f times" % (compiler, ours, in_c, ours / in_c))
check(ours <= limit * in_c, "more than", limit, "times as large as the same in C")
finish()
