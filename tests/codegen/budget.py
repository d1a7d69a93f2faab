#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
"""budget.py COMPILER [--write]: no composition is larger, at -Os, than budget-COMPILER allows, as
bench/size/measure measures it: text and data of the smallest program. What has become clearly
smaller asks for a lower budget. --write writes it anew, with what rounding up leaves for room."""
import json
import subprocess
import sys

from codegen import *
from compositions import ROOT

ROUND, CLEARLY = 16, 0.96

compiler = sys.argv[1]
needs(compiler, "nm", "size")
if machine(compiler) != "x86_64":
    skip("the budgets are those of x86_64")
name = "budget-" + compiler_name(compiler)
path = os.path.join(HERE, name)
write = sys.argv[2:] == ["--write"]
if not write and not os.path.exists(path):
    skip("there is no %s; make it with: tests/codegen/budget.py %s --write" % (name, compiler))

measured = json.loads(run(ROOT + "/bench/size/measure", compiler, stderr=subprocess.DEVNULL))
sizes = {entry["name"][len("size/"):]: entry["text"] + entry["data"] for entry in measured["benchmarks"]}

if write:
    with open(path, "w") as file:
        print("# SPDX-License-Identifier: BSL-1.0", file=file)
        print("# Bytes that each composition may have, for budget.py, which also writes this.", file=file)
        for key, size in sizes.items():
            print("%s: %d" % (key, -(-size // ROUND) * ROUND), file=file)
    sys.exit()

budget = {key: int(value[0]) for key, value in table(name).items()}
check(set(sizes) == set(budget), "not the same compositions:", *sorted(set(sizes) ^ set(budget)))
for key in sizes.keys() & budget.keys():
    print("%6d of %6d  %s" % (sizes[key], budget[key], key))
    check(sizes[key] <= budget[key], key, "has grown beyond its budget: shrink it, or raise that in", name)
    check(sizes[key] + ROUND > CLEARLY * budget[key], key, "is clearly smaller than its budget: lower that in", name)
finish()
