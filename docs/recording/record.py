#!/usr/bin/python3
# SPDX-License-Identifier: BSL-1.0
"""Types commands into a shell in a terminal, and draws what is seen as an animated SVG.

usage: record.py DIRECTORY FILE.svg

DIRECTORY holds the program. The picture's `desc` has the last screen as text."""
import fcntl
import html
import os
import pty
import re
import select
import signal
import struct
import sys
import termios
import time

import pyte

COLUMNS, ROWS = 74, 15
WIDTH, HEIGHT, MARGIN = 8.4, 19, 14  # of a character; around the screen
COMMANDS = ["./clockd start", "touch clockd.conf", "./clockd start", "./clockd status", "./clockd start",
            "ps -o pid,ppid,sid,tty,args -p $(cat clockd.pid)", "./clockd stop", "./clockd status"]
# The prompt tells the status of the last command where it is not 0.
PROMPT = r'PS1="\$(s=\$?; ((s)) && printf \"[%d] \" \$s)\$ "'


class Terminal:
    def __init__(self, directory):
        self.screen = pyte.Screen(COLUMNS, ROWS)
        self.stream = pyte.ByteStream(self.screen)
        self.frames, self.clock = [], 0.0
        self.shell, self.fd = pty.fork()
        if self.shell == 0:
            os.chdir(directory)
            os.execve("/bin/bash", ["bash", "--norc", "--noprofile", "--noediting"],
                      {"PATH": "/usr/bin:/bin", "TERM": "xterm", "LC_ALL": "C.UTF-8", "PS1": "> "})
        fcntl.ioctl(self.fd, termios.TIOCSWINSZ, struct.pack("HHHH", ROWS, COLUMNS, 0, 0))

    def read(self, seconds):
        """What comes within this time; false where nothing does."""
        if not select.select([self.fd], [], [], seconds)[0]:
            return False
        self.stream.feed(os.read(self.fd, 65536))
        return True

    def shown(self):
        return [line.rstrip() for line in self.screen.display]

    def keep(self, seconds):
        """This screen is seen for so long."""
        if self.frames and self.frames[-1][0] == self.shown():
            self.frames[-1][1] += seconds
        else:
            self.frames.append([self.shown(), seconds])

    def waits(self):
        line = self.shown()[self.screen.cursor.y]
        return line.endswith("$") and self.screen.cursor.x == len(line) + 1

    def prompt(self):
        deadline = time.monotonic() + 20
        while not (self.waits() and not self.read(0.2)):
            if time.monotonic() > deadline:
                sys.exit("record.py: no prompt: %s" % self.shown())
            begun = time.monotonic()
            if self.read(1):
                self.keep(max(0.05, min(time.monotonic() - begun, 0.4)))

    def type(self, text):
        for start in range(0, len(text), 3):
            os.write(self.fd, text[start:start + 3].encode())
            time.sleep(0.02)
            while self.read(0.03):
                pass
            self.keep(0.1)
        self.keep(0.4)
        os.write(self.fd, b"\n")

    def close(self):
        os.close(self.fd)
        os.kill(self.shell, signal.SIGKILL)
        os.waitpid(self.shell, 0)


def record(directory):
    terminal = Terminal(directory)
    os.write(terminal.fd, ("%s; clear\n" % PROMPT).encode())
    time.sleep(0.5)
    while terminal.read(0.3):
        pass
    try:
        for command in COMMANDS:
            terminal.keep(0.4)
            terminal.type(command)
            terminal.prompt()
            terminal.keep(0.8)
    finally:
        os.system("cd %s && ./clockd stop >/dev/null 2>&1" % directory)
    terminal.keep(4)
    terminal.close()
    return terminal.frames


def colour_of(line):
    if line.startswith("clockd: running"):
        return "good"
    if re.match("clockd: (reading|not running)", line):
        return "said"
    if line.startswith("clockd: "):
        return "bad"
    return "typed" if line.endswith("$") or "$ " in line[:6] else "said"


def draw(frames):
    wide, high = COLUMNS * WIDTH + 2 * MARGIN, ROWS * HEIGHT + 2 * MARGIN + 18
    total = sum(seconds for _, seconds in frames)
    lines = {}
    for shown, _ in frames:
        for line in shown:
            if line:
                lines.setdefault(line, "l%d" % len(lines))
    steps, at = [], 0.0
    for number, (_, seconds) in enumerate(frames):
        steps.append("%.2f%%{transform:translateX(%gpx)}" % (100 * at / total, -number * wide))
        at += seconds
    last = "\n".join(frames[-1][0]).rstrip()
    out = ['<svg xmlns="http://www.w3.org/2000/svg" width="%g" height="%g" viewBox="0 0 %g %g">' % (
        wide, high, wide, high),
        "<!-- SPDX-License-Identifier: BSL-1.0 -->",
        "<title>A start that fails, one that succeeds, a second one that is refused, a stop</title>",
        "<desc>\n%s\n</desc>" % html.escape(last, False),
        "<style>text{font:14px 'DejaVu Sans Mono',Menlo,Consolas,monospace;white-space:pre}"
        ".typed{fill:#f5f5f5}.said{fill:#b8c4ce}.bad{fill:#ff9d8a}.good{fill:#9adf9a}"
        ".film{animation:film %.1fs steps(1,end) infinite}"
        "@keyframes film{%s}"
        "@media (prefers-reduced-motion){.film{animation:none;transform:translateX(%gpx)}}</style>" % (
            total, "".join(steps), -(len(frames) - 1) * wide),
        '<rect width="100%" height="100%" rx="6" fill="#1b2026"/>',
        '<circle cx="16" cy="15" r="5" fill="#e66"/><circle cx="33" cy="15" r="5" fill="#db4"/>'
        '<circle cx="50" cy="15" r="5" fill="#6b6"/>', "<defs>"]
    for line, name in lines.items():
        out.append('<text id="%s" class="%s" textLength="%g" lengthAdjust="spacingAndGlyphs">%s</text>' % (
            name, colour_of(line), len(line) * WIDTH, html.escape(line, False)))
    out += ["</defs>", '<g class="film">']
    for number, (shown, _) in enumerate(frames):
        out.append("".join('<use href="#%s" x="%g" y="%g"/>' % (
            lines[line], number * wide + MARGIN, 18 + MARGIN + HEIGHT * (row + .75))
            for row, line in enumerate(shown) if line))
    out += ["</g>", "</svg>"]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    picture = draw(record(sys.argv[1]))
    with open(sys.argv[2], "w") as file:
        file.write(picture)
