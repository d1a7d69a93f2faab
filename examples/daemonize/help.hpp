// SPDX-License-Identifier: BSL-1.0
// What `daemonize --help` prints.
#ifndef EXAMPLES_DAEMONIZE_HELP_HPP
#define EXAMPLES_DAEMONIZE_HELP_HPP

namespace daemonize {

inline constexpr char help[] = R"(daemonize - runs any program as a daemon

usage: daemonize [OPTION...] [--] PROGRAM [ARGUMENT...]
       daemonize --restart --pid-file FILE [OPTION...] [--] PROGRAM [ARGUMENT...]
       daemonize --stop --pid-file FILE [--timeout SECONDS] [--force]
       daemonize --status --pid-file FILE

PROGRAM must stay in the foreground. daemonize returns once it is ready, with 0; or it says why it is
not, with another status, and then nothing of it is left. A PROGRAM without a slash is looked for in
PATH; one with a slash, and every FILE, from where you are.

  --pid-file FILE    names the process to be signalled; refuses a second start
  --log FILE         stdout and stderr are appended to it (/dev/null); created with mode 0640
  --user USER[:GROUP]
                     runs it as this user, with the user's groups; needs root's rights
  --directory DIR    where it runs (/)
  --keep-alive       starts it again when it is killed or ends with another status than 0: after
                     0.1 s, then twice as long each time, up to 10 s; gives up after 10 restarts
                     within a minute
  --ready HOW        when it is ready:
      start            once PROGRAM has been executed (this is the default)
      fd, fd:N         once it has written a newline to descriptor 3, or N
      notify           once it has sent READY=1 to the socket that NOTIFY_SOCKET names (sd_notify)
      none             do not wait: PROGRAM takes the place of daemonize, and nobody watches it
  --timeout SECONDS  how long PROGRAM may take to be ready (no limit), or to end (10)

  --stop             sends SIGTERM, and waits until it has ended
  --force            then SIGKILL
  --restart          stops what runs, then starts
  --status           tells whether it runs
  --help             prints this
  --version          prints the version

Unless --ready is none, the pid file has the number of a daemonize that watches the program: it
passes signals on, and removes the pid file at the end.

Exit status of a start: 0 ready; 1 an error before PROGRAM was executed; 2 wrong usage; 124 not ready
in time; 126 PROGRAM cannot be executed; 127 there is none; 128 + N killed by signal N before it was
ready; else that of a PROGRAM which has ended before it was ready (1 if that was 0).
Of --stop: 0 stopped; 1 still running; 4 no permission; 7 not running.
Of --status: 0 running; 1 dead, with a pid file; 3 not running; 4 unknown.
)";

} // namespace daemonize

#endif
