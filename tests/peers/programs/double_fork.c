// SPDX-License-Identifier: BSL-1.0
// The classic double fork as a careful programmer writes it after the books: every result is
// looked at, the pid file is locked. What it lacks is what the books lack: nobody tells the
// launcher.
#include "tell_ready.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char* path;

static void die(const char* what) {
    fprintf(stderr, "double_fork: %s: %s\n", what, strerror(errno));
    exit(1);
}

static void end(int signal) {
    (void)signal;
    unlink(path);
    _exit(0);
}

static void go_on_in_child(void) {
    pid_t child = fork();
    if (child < 0)
        die("fork");
    if (child > 0)
        _exit(0);
}

static void write_pid_file(void) {
    struct flock whole = {.l_type = F_WRLCK, .l_whence = SEEK_SET};
    char text[32];
    int file = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0644);
    if (file < 0)
        die(path);
    if (fcntl(file, F_SETLK, &whole) != 0) {
        fprintf(stderr, "double_fork: %s: already running\n", path);
        exit(1);
    }
    int length = snprintf(text, sizeof text, "%ld\n", (long)getpid());
    if (ftruncate(file, 0) != 0 || write(file, text, (size_t)length) != length)
        die(path);
}

static void point_to_null(void) {
    int null = open("/dev/null", O_RDWR);
    if (null < 0)
        die("/dev/null");
    for (int number = 0; number < 3; ++number)
        if (dup2(null, number) < 0)
            die("dup2");
    if (null > 2)
        close(null);
}

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    path = argv[1];
    go_on_in_child();
    if (setsid() < 0)
        die("setsid");
    go_on_in_child();
    umask(022);
    if (chdir("/") != 0)
        die("/");
    write_pid_file();
    struct sigaction on_term = {.sa_handler = end};
    if (sigaction(SIGTERM, &on_term, NULL) != 0)
        die("sigaction");
    point_to_null();
    tell_ready();
    for (;;)
        pause();
}
