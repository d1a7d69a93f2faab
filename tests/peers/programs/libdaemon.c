// SPDX-License-Identifier: BSL-1.0
// libdaemon, used as fully as it can be: the launcher waits for the daemon's verdict, signals
// arrive on a descriptor, the daemon's own failures go back as a status and are put in words there.
#include "tell_ready.h"

#include <errno.h>
#include <libdaemon/daemon.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/select.h>
#include <unistd.h>

enum { timeout_in_seconds = 2 };

static const char* path;
static const char* own_path(void) { return path; }

static int launcher_waits(void) {
    int verdict = daemon_retval_wait(timeout_in_seconds);
    if (verdict < 0) {
        daemon_log(LOG_ERR, "no word from the daemon: %s", strerror(errno));
        return 1;
    }
    if (verdict > 0)
        daemon_log(LOG_ERR, "the daemon failed: %s", strerror(verdict));
    return verdict == 0 ? 0 : 1;
}

static int serve(void) {
    tell_ready();
    for (;;) {
        fd_set readable;
        FD_ZERO(&readable);
        FD_SET(daemon_signal_fd(), &readable);
        if (select(daemon_signal_fd() + 1, &readable, NULL, NULL, NULL) < 0 && errno != EINTR)
            return 1;
        if (daemon_signal_next() == SIGTERM)
            return 0;
    }
}

static int refuse(void) {
    int error = errno != 0 ? errno : EINVAL;
    daemon_retval_send(error);
    daemon_signal_done();
    daemon_pid_file_remove();
    return 1;
}

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    path = argv[1];
    daemon_log_ident = daemon_ident_from_argv0(argv[0]);
    daemon_pid_file_proc = own_path;
    if (daemon_reset_sigs(-1) < 0 || daemon_unblock_sigs(-1) < 0) {
        daemon_log(LOG_ERR, "signals: %s", strerror(errno));
        return 1;
    }
    pid_t owner = daemon_pid_file_is_running();
    if (owner >= 0) {
        daemon_log(LOG_ERR, "already running as %ld", (long)owner);
        return 1;
    }
    if (daemon_retval_init() < 0) {
        daemon_log(LOG_ERR, "pipe: %s", strerror(errno));
        return 1;
    }
    pid_t child = daemon_fork();
    if (child < 0) {
        daemon_log(LOG_ERR, "fork: %s", strerror(errno));
        daemon_retval_done();
        return 1;
    }
    if (child > 0)
        return launcher_waits();
    if (daemon_close_all(-1) < 0 || daemon_pid_file_create() < 0 ||
        daemon_signal_init(SIGTERM, SIGINT, 0) < 0)
        return refuse();
    daemon_retval_send(0);
    int status = serve();
    daemon_signal_done();
    daemon_pid_file_remove();
    return status;
}
