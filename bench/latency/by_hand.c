/* SPDX-License-Identifier: BSL-1.0 */
#define _GNU_SOURCE
#include "by_hand.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

struct message {
    enum { FORKED, READY, FAILED } what;
    pid_t pid;
    char text[240]; /* sent with FAILED only */
};
static const size_t head_only = offsetof(struct message, text);

/* For the handler and atexit, which are told nothing. */
static const char* own_path;
static int own_fd = -1;
static pid_t own_pid;

static void remove_pid_file(void) {
    struct stat ours, there;
    if (own_pid != getpid() || fstat(own_fd, &ours) != 0 || lstat(own_path, &there) != 0 ||
        ours.st_dev != there.st_dev || ours.st_ino != there.st_ino)
        return;
    if (unlink(own_path) != 0 && ftruncate(own_fd, 0) != 0)
        return;
    own_pid = 0;
}

static void remove_pid_file_and_die(int number) {
    remove_pid_file();
    raise(number);
}

static ssize_t send_all(int fd, const void* data, size_t size) {
    ssize_t sent;
    do
        sent = send(fd, data, size, MSG_NOSIGNAL);
    while (sent < 0 && errno == EINTR);
    return sent;
}

static ssize_t receive(int fd, void* data, size_t size) {
    ssize_t got;
    do
        got = recv(fd, data, size, 0);
    while (got < 0 && errno == EINTR);
    return got;
}

/* Says what has failed, to the launcher or on the terminal, and leaves. */
static _Noreturn void die(struct by_hand* self, const char* step, const char* what,
                          const char* why) {
    struct message failed = {.what = FAILED};
    snprintf(failed.text, sizeof failed.text, "%s: %s: %s: %s\n", self->program, step, what, why);
    remove_pid_file();
    const int terminal = self->terminal >= 0 ? self->terminal : 2;
    if (self->report < 0 || send_all(self->report, &failed, sizeof failed) < 0)
        if (write(terminal, failed.text, strlen(failed.text)) < 0)
            _exit(2);
    _exit(1);
}

static _Noreturn void die_of_errno(struct by_hand* self, const char* step, const char* what) {
    die(self, step, what, strerror(errno));
}

/* Not on 0-2, where the next step would replace it. */
static int above_stdio(int fd) {
    if (fd < 0 || fd > 2)
        return fd;
    const int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    close(fd);
    return higher;
}

static struct flock byte(short type, off_t at) {
    const struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = at, .l_len = 1};
    return range;
}

static _Noreturn void name_the_owner(struct by_hand* self, int fd) {
    char text[32] = "", why[64];
    if (pread(fd, text, sizeof text - 1, 0) > 0 && atol(text) > 0)
        snprintf(why, sizeof why, "already running, pid %ld", atol(text));
    else
        snprintf(why, sizeof why, "already running");
    die(self, "pid file", self->pid_file, why);
}

static void lock_pid_file(struct by_hand* self) {
    for (;;) {
        const int flags = O_RDWR | O_CREAT | O_NOFOLLOW | O_CLOEXEC | O_NONBLOCK | O_NOCTTY;
        struct stat ours, there;
        const int fd = above_stdio(open(self->pid_file, flags, 0644));
        if (fd < 0 || fstat(fd, &ours) != 0)
            die_of_errno(self, "pid file", self->pid_file);
        if (!S_ISREG(ours.st_mode) || ours.st_nlink > 1 ||
            (ours.st_uid != 0 && ours.st_uid != geteuid()))
            die(self, "pid file", self->pid_file, "is not a file of ours");
        struct flock first = byte(F_WRLCK, 0);
        if (fcntl(fd, F_OFD_SETLK, &first) != 0) {
            if (errno == EAGAIN || errno == EACCES)
                name_the_owner(self, fd);
            die_of_errno(self, "pid file", self->pid_file);
        }
        if (lstat(self->pid_file, &there) == 0 && ours.st_dev == there.st_dev &&
            ours.st_ino == there.st_ino) {
            own_path = self->pid_file;
            own_fd = self->pid_fd = fd;
            own_pid = getpid();
            if (fchmod(fd, 0644) != 0 || ftruncate(fd, 0) != 0)
                die_of_errno(self, "pid file", self->pid_file);
            return;
        }
        close(fd); /* removed or replaced since it was opened */
    }
}

static void write_pid_file(struct by_hand* self) {
    char text[24];
    const int size = snprintf(text, sizeof text, "%ld\n", (long)(own_pid = getpid()));
    struct flock second = byte(F_WRLCK, 1);
    if (pwrite(self->pid_fd, text, (size_t)size, 0) != size ||
        fcntl(self->pid_fd, F_SETLK, &second) != 0 || atexit(remove_pid_file) != 0)
        die_of_errno(self, "pid file", self->pid_file);
}

/* In the launcher. From here on it is only a witness. */
static _Noreturn void attend(struct by_hand* self, int report, pid_t child) {
    struct message message;
    pid_t daemon = child;
    int status;
    if (self->forks == 2) {
        if (waitpid(child, &status, 0) != child || !WIFEXITED(status))
            die(self, "fork", "the intermediate", "was killed");
        if (receive(report, &message, sizeof message) <= 0)
            die(self, "fork", "the intermediate", "said nothing");
        if (message.what == FAILED)
            goto failed;
        daemon = message.pid;
    }
    const int process = (int)syscall(SYS_pidfd_open, daemon, 0);
    for (;;) {
        struct pollfd set[] = {{report, POLLIN, 0}, {process, POLLIN, 0}};
        if (ppoll(set, 2, NULL, &self->mask) < 0 && errno != EINTR)
            die_of_errno(self, "report", "poll");
        if (set[0].revents & POLLIN) {
            if (receive(report, &message, sizeof message) <= 0)
                break;
            if (message.what == FAILED)
                goto failed;
            if (send_all(report, "", 1) != 1)
                break;
            if (self->leaving != NULL)
                self->leaving();
            _exit(0);
        }
        if (set[0].revents != 0 || set[1].revents != 0)
            break;
    }
    kill(-child, SIGTERM);
    remove_pid_file(); /* a daemon that was killed could not */
    if (waitpid(daemon, &status, 0) == daemon && WIFSIGNALED(status)) {
        fprintf(stderr, "%s: daemon: killed before it was ready: %s\n", self->program,
                strsignal(WTERMSIG(status)));
        _exit(128 + WTERMSIG(status));
    }
    fprintf(stderr, "%s: daemon: ended before it was ready\n", self->program);
    _exit(1);

failed:
    waitpid(daemon, &status, 0); /* until nothing of it is left */
    remove_pid_file();
    if (write(2, message.text, strnlen(message.text, sizeof message.text)) < 0)
        _exit(2);
    _exit(1);
}

static void detach(struct by_hand* self) {
    int ends[2], other = -1;
    sigset_t all;
    struct sigaction standard = {.sa_handler = SIG_DFL};
    fflush(NULL);
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 ||
        (self->report = above_stdio(ends[0])) < 0 || (other = above_stdio(ends[1])) < 0)
        die_of_errno(self, "report", "socketpair");
    /* No handler of the program's in a child; nothing between the last word and the status. */
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &self->mask);
    /* Were it ignored, the kernel would throw away how the daemon ended. */
    sigaction(SIGCHLD, &standard, &self->child_action);
    if (self->forks == 2)
        prctl(PR_SET_CHILD_SUBREAPER, 1);
    const pid_t child = fork();
    if (child < 0)
        die_of_errno(self, "fork", "the launcher's");
    if (child > 0) {
        close(self->report);
        self->report = -1;
        attend(self, other, child);
    }
    close(other);
    if (setsid() < 0)
        die_of_errno(self, "setsid", "new session");
    if (self->forks == 2) {
        const pid_t daemon = fork();
        if (daemon < 0)
            die_of_errno(self, "fork", "the intermediate's");
        if (daemon > 0) {
            const struct message forked = {.what = FORKED, .pid = daemon};
            _exit(send_all(self->report, &forked, head_only) < 0);
        }
    }
    if (self->signals == KEEP_SIGNALS) {
        sigaction(SIGCHLD, &self->child_action, NULL);
        sigprocmask(SIG_SETMASK, &self->mask, NULL);
    }
}

static void reset_signals(struct by_hand* self) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    const int first_of_real_time = SIGRTMIN, last = SIGRTMAX;
    sigset_t blocked;
    for (int number = 1; number <= last; ++number)
        if (number != SIGKILL && number != SIGSTOP && (number < 32 || number >= first_of_real_time))
            if (sigaction(number, &standard, NULL) != 0)
                die_of_errno(self, "signals", "sigaction");
    sigemptyset(&blocked);
    if (self->signals == SIGNAL_FD)
        sigaddset(&blocked, SIGTERM);
    if (sigprocmask(SIG_SETMASK, &blocked, NULL) != 0)
        die_of_errno(self, "signals", "sigprocmask");
    if (self->signals == SIGNAL_FD)
        if ((self->signal_fd = above_stdio(signalfd(-1, &blocked, SFD_CLOEXEC))) < 0)
            die_of_errno(self, "signals", "signalfd");
}

static void remove_pid_file_on_signals(struct by_hand* self) {
    static const int deadly[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction dying = {.sa_handler = remove_pid_file_and_die, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;
    sigfillset(&dying.sa_mask);
    for (int i = 0; i < 3; ++i) {
        if (self->signals == SIGNAL_FD && deadly[i] == SIGTERM)
            continue;
        if (sigaction(deadly[i], &dying, &before) != 0)
            die_of_errno(self, "pid file", "sigaction");
        if (before.sa_handler != SIG_DFL)
            sigaction(deadly[i], &before, NULL);
    }
}

static void close_range_of(unsigned first, unsigned last) {
    /* Before Linux 5.9 one by one, in a program that must run there. */
    if (syscall(SYS_close_range, first, last, 0) != 0 && errno == ENOSYS)
        for (unsigned fd = first; fd <= last && fd < (unsigned)sysconf(_SC_OPEN_MAX); ++fd)
            close((int)fd);
}

static void close_descriptors(const struct by_hand* self) {
    unsigned first = 3;
    for (;;) {
        unsigned next = ~0U;
        const int ours[] = {self->report, self->pid_fd, self->signal_fd};
        for (int i = 0; i < 3; ++i)
            if (ours[i] >= (int)first && (unsigned)ours[i] < next)
                next = (unsigned)ours[i];
        if (next == ~0U)
            break;
        if (first < next)
            close_range_of(first, next - 1);
        first = next + 1;
    }
    close_range_of(first, ~0U);
}

static int open_log(struct by_hand* self) {
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_CLOEXEC | O_NOCTTY;
    const int fd = above_stdio(open(self->log, flags | O_NONBLOCK, 0640));
    if (fd < 0 || fcntl(fd, F_SETFL, O_APPEND) != 0)
        die_of_errno(self, "stdio", self->log);
    return fd;
}

static void replace_stdio(struct by_hand* self) {
    const int how = self->stdio == NULL_STDIO ? O_RDWR : O_RDONLY;
    const int null = above_stdio(open("/dev/null", how | O_CLOEXEC | O_NOCTTY));
    if (null < 0)
        die_of_errno(self, "stdio", "/dev/null");
    const int out = self->stdio == NULL_STDIO ? null : open_log(self);
    if (self->forks == 0) {
        fflush(NULL); /* what was printed before belongs to the old stdout */
        self->terminal = fcntl(2, F_DUPFD_CLOEXEC, 3);
    }
    if (dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(out, 2) < 0)
        die_of_errno(self, "stdio", "dup2");
    close(null);
    if (out != null)
        close(out);
}

void by_hand_start(struct by_hand* self) {
    self->report = self->terminal = self->pid_fd = self->signal_fd = -1;
    if (self->pid_file != NULL)
        lock_pid_file(self);
    if (self->forks != 0)
        detach(self);
    umask(022);
    if (chdir("/") != 0)
        die_of_errno(self, "directory", "/");
    if (self->pid_file != NULL)
        write_pid_file(self);
    if (self->signals != KEEP_SIGNALS)
        reset_signals(self);
    if (self->pid_file != NULL)
        remove_pid_file_on_signals(self);
    close_descriptors(self);
    if (self->stdio != KEEP_STDIO)
        replace_stdio(self);
}

void by_hand_ready(struct by_hand* self) {
    const struct message ready = {.what = READY};
    char taken;
    if (self->terminal >= 0) {
        close(self->terminal);
        self->terminal = -1;
    }
    if (self->report < 0)
        return;
    if (send_all(self->report, &ready, head_only) < 0 || receive(self->report, &taken, 1) != 1) {
        remove_pid_file(); /* nobody was told that it runs */
        _exit(1);
    }
    close(self->report);
    self->report = -1;
}

void by_hand_serve(struct by_hand* self) {
    struct signalfd_siginfo info;
    if (self->signal_fd >= 0)
        while (read(self->signal_fd, &info, sizeof info) < 0 && errno == EINTR) {
        }
    else
        for (;;)
            pause();
    remove_pid_file();
}
