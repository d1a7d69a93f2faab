# SPDX-License-Identifier: BSL-1.0
"""The recipe that is found everywhere for Python: two forks, a file looked for and written, removed
by atexit. No lock, and nobody tells the launcher."""
import atexit
import os
import signal
import sys
import time

os.access("/daemon-peers/main-begins", os.F_OK)  # the interpreter's own start is over


def refuse_if_running(path):
    try:
        with open(path) as file:
            owner = int(file.read().strip())
    except (OSError, ValueError):
        return
    sys.exit("python-recipe: %s exists, already running as %d?" % (path, owner))


def fork_and_leave():
    try:
        if os.fork() > 0:
            os._exit(0)
    except OSError as error:
        sys.exit("python-recipe: fork: %s" % error)


def redirect():
    sys.stdout.flush()
    sys.stderr.flush()
    null = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(null, number)
    if null > 2:
        os.close(null)


def tell_ready():
    """See tell_ready.h."""
    if "PEER_READY" in os.environ:
        with open(os.environ["PEER_READY"], "w") as fifo:
            fifo.write("%d\n" % os.getpid())


def wait_a_moment():
    """Python runs a handler only between two of its own instructions: a signal that comes just before
    signal.pause() would wait there for another one."""
    time.sleep(0.05)


def main():
    if len(sys.argv) < 2:
        return 2
    path = sys.argv[1]
    refuse_if_running(path)
    fork_and_leave()
    os.chdir("/")
    os.setsid()
    os.umask(0)
    fork_and_leave()
    redirect()
    atexit.register(os.remove, path)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with open(path, "w") as file:
        file.write("%d\n" % os.getpid())
    tell_ready()
    while True:
        wait_a_moment()


sys.exit(main())
