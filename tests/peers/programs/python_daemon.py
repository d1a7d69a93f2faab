# SPDX-License-Identifier: BSL-1.0
"""python-daemon, with its own lock file and its own way to end on SIGTERM."""
import os
import sys
import time

import daemon
import daemon.pidfile
import lockfile

os.access("/daemon-peers/main-begins", os.F_OK)  # the interpreter's own start is over


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
    pid_file = daemon.pidfile.TimeoutPIDLockFile(sys.argv[1], acquire_timeout=-1)
    try:
        with daemon.DaemonContext(pidfile=pid_file, umask=0o022):
            tell_ready()
            while True:
                wait_a_moment()
    except lockfile.AlreadyLocked:
        print("python-daemon: already running as", pid_file.read_pid(), file=sys.stderr)
    except (OSError, lockfile.Error, daemon.daemon.DaemonError) as error:
        print("python-daemon:", error, file=sys.stderr)
    return 1


sys.exit(main())
