#!/usr/bin/env python3
# SPDX-License-Identifier: BSL-1.0
# layers.py INCLUDE_DIRECTORY: which header includes which by the order of layers, and how many there are
# in a folder. Prints each breach and ends with 1.
import pathlib
import re
import sys

WINGS = "stdio logging signals process launch pid_file identity confinement supervision"
LAYERS = ["system", "compose", "host", WINGS, "policy.hpp", "daemonizer.hpp", "service",
          "take_option.hpp", "control.hpp", "command_line.hpp"]
LAYER_OF = {room: number for number, rooms in enumerate(LAYERS) for room in rooms.split()}
FACE_OF = {"daemonizer.hpp": ["compose"], "control.hpp": ["service"],
           "command_line.hpp": ["service"]}  # a root header may look into these rooms' detail/
MOST_HEADERS, MOST_AT_THE_ROOT = 10, 5

root = pathlib.Path(sys.argv[1]) / "daemonizer"
breaches = []
headers = sorted(root.rglob("*.hpp"))
for path in headers:
    header = path.relative_to(root).as_posix()
    room = header.split("/")[0]
    for other in re.findall(r"#\s*include\s*[<\"]daemonizer/([^>\"]+)", path.read_text()):
        target = other.split("/")[0]
        if room not in LAYER_OF or target not in LAYER_OF:
            breaches.append(f"{header}: {other}: a room without a layer")
        elif LAYER_OF[target] > LAYER_OF[room]:
            breaches.append(f"{header} includes upwards: {other}")
        elif "/detail/" in other and target not in [room, *FACE_OF.get(room, [])]:
            breaches.append(f"{header} includes what is another room's own: {other}")

for folder in sorted({path.parent for path in headers}):
    most = MOST_AT_THE_ROOT if folder == root else MOST_HEADERS
    number = len(list(folder.glob("*.hpp")))
    if folder.name != "detail" and number > most:
        breaches.append(f"{folder.relative_to(root.parent)}: {number} headers, at most {most}")

print("\n".join(breaches) or f"{len(headers)} headers are where they belong")
sys.exit(bool(breaches) or not headers)
