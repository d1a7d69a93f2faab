/* SPDX-License-Identifier: BSL-1.0 */
#define _GNU_SOURCE
#include "by_hand.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <link.h>
#include <poll.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#if __has_include(<sys/single_threaded.h>)
#include <sys/single_threaded.h>
#else
#define __libc_single_threaded 0
#endif

#ifdef BY_HAND_TYPICAL
static const struct by_hand typical = {
    .forks = 2, .stdio = NULL_STDIO, .signals = SIGNAL_FD, .pid_file = "/run/x.pid"};
#define chosen (&typical)
#else
static const struct by_hand* chosen;
#endif

/* What a start holds; -1 where there is nothing. `remover` is the process that may remove the pid
 * file: a worker that the daemon forks inherits all of this. */
static int report = -1, terminal = -1, pid_fd = -1, signal_fd = -1;
static pid_t remover;
static bool is_starting, is_fresh; /* the pid file is new, and nobody else may open it */

/* The processes of a start as the launcher sees them, and how its signals were before. */
static pid_t first, daemon_pid;
static bool adopts, has_others; /* orphans are ours; the program had children before */
static siginfo_t how_ended;
static sigset_t mask_before;
static struct sigaction child_before;
static int cancelled, signals = -1; /* the signal that has cancelled the start; signalfd(2) */

/* What the launcher is told: one whole message, of which only FAILED has more than the head. Who
 * has sent it, the kernel says: a number in it would be that of another namespace, or a lie. */
struct message {
    enum { FORKED = 0x64616501, READY, FAILED } what;
    int status; /* of FAILED, as the text */
    char text[480];
};
static const size_t head = offsetof(struct message, status);

enum { MILLISECOND = 1000000, SECOND = 1000000000 };

static long long now(void) {
    struct timespec time;
    clock_gettime(CLOCK_MONOTONIC, &time);
    return time.tv_sec * (long long)SECOND + time.tv_nsec;
}

static void nap(long nanoseconds) {
    const struct timespec pause = {0, nanoseconds};
    ppoll(NULL, 0, &pause, NULL);
}

/* The launcher's signals: all blocked from its first step to its last. One that cancels the start
 * is seen, stays pending, and ends the launcher once all is undone. */

static void hold_signals(void) {
    sigset_t all;
    sigfillset(&all);
    sigprocmask(SIG_SETMASK, &all, &mask_before);
}

static const int cancelling[] = {SIGHUP, SIGINT, SIGQUIT, SIGTERM, SIGALRM};
enum { CANCELLING = sizeof cancelling / sizeof *cancelling };

/* Not one that the starter had blocked, or ignores. */
static bool cancels(int number) {
    struct sigaction now;
    return !sigismember(&mask_before, number) && sigaction(number, NULL, &now) == 0 &&
           now.sa_handler != SIG_IGN;
}

static bool is_cancelled(void) {
    sigset_t pending;
    if (cancelled == 0 && chosen->forks != 0 && sigpending(&pending) == 0)
        for (int i = 0; i != CANCELLING; ++i)
            if (sigismember(&pending, cancelling[i]) && cancels(cancelling[i]))
                cancelled = cancelling[i];
    return cancelled != 0;
}

static void die_of_signal(void) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    sigset_t set;
    sigaction(cancelled, &standard, NULL);
    sigemptyset(&set);
    sigaddset(&set, cancelled);
    sigprocmask(SIG_UNBLOCK, &set, NULL); /* it is pending */
    _exit(128 + cancelled);               /* process 1 is spared */
}

/* Failures --------------------------------------------------------------------------------- */

/* "PROGRAM: TEXT" as one line in one write, whatever bytes the text has. */
static void say(int fd, const char* text) {
    char line[640];
    const int size = snprintf(line, sizeof line - 1, "%s: %s", program_invocation_short_name, text);
    size_t length = (size_t)size < sizeof line - 2 ? (size_t)size : sizeof line - 2;
    for (size_t i = 0; i != length; ++i)
        if ((unsigned char)line[i] < ' ' || line[i] == 0x7f)
            line[i] = '?';
    line[length++] = '\n';
    while (write(fd, line, length) < 0 && errno == EINTR) {
    }
}

static bool send_all(const void* data, size_t size) {
    ssize_t sent;
    do
        sent = send(report, data, size, MSG_NOSIGNAL); /* a reader that has gone is an error */
    while (sent < 0 && errno == EINTR);
    return sent == (ssize_t)size;
}

/* Before ready the launcher, or the terminal of the process without one, is told. */
static void tell(const struct message* failed) {
    if (report < 0 || !send_all(failed, sizeof *failed))
        say(terminal >= 0 ? terminal : 2, failed->text);
}

static void remove_pid_file(void) {
    struct stat ours, there;
    if (remover == 0 || remover != getpid() || fstat(pid_fd, &ours) != 0)
        return;
    const bool seen = lstat(chosen->pid_file, &there) == 0;
    if (seen ? ours.st_dev == there.st_dev && ours.st_ino == there.st_ino : errno != ENOENT)
        if ((!seen || unlink(chosen->pid_file) != 0) && ftruncate(pid_fd, 0) != 0) {
        } /* nothing more can be done */
    remover = 0;
}

/* Undoes the start, says why, and leaves: in the launcher, in an intermediate, in a daemon. */
__attribute__((format(printf, 4, 5))) static _Noreturn void
die(int status, const char* step, const char* what, const char* why, ...) {
    struct message failed = {.what = FAILED, .status = status};
    va_list arguments;
    /* Of a long path the beginning, so that there is room for the reason. */
    int length = snprintf(failed.text, sizeof failed.text - 128, "%s: %s", step, what);
    if (length >= (int)sizeof failed.text - 128)
        length = sizeof failed.text - 129;
    length += snprintf(failed.text + length, sizeof failed.text - (size_t)length, ": ");
    va_start(arguments, why);
    vsnprintf(failed.text + length, sizeof failed.text - (size_t)length, why, arguments);
    va_end(arguments);
    remove_pid_file();
    if (cancelled != 0)
        die_of_signal();
    tell(&failed);
    _exit(status);
}

static _Noreturn void die_of_errno(const char* step, const char* what) {
    die(1, step, what, "%s", strerror(errno));
}

/* Not on 0-2, where the stdio step would replace it. */
static int above_stdio(int fd) {
    if (fd < 0 || fd > 2)
        return fd;
    const int higher = fcntl(fd, F_DUPFD_CLOEXEC, 3);
    const int error = errno;
    close(fd);
    errno = error;
    return higher;
}

/* The pid file ----------------------------------------------------------------------------- */

enum { NOBODY = 0, OF_ANOTHER_NAMESPACE = -1, OF_A_START = -2 };

static int lock_bytes(int fd, int command, short type, off_t from, off_t count, pid_t* holder) {
    struct flock range = {.l_type = type, .l_whence = SEEK_SET, .l_start = from, .l_len = count};
    int answer;
    do
        answer = fcntl(fd, command, &range);
    while (answer < 0 && errno == EINTR);
    if (holder != NULL)
        *holder = answer < 0 || range.l_type == F_UNLCK ? NOBODY
                  : range.l_pid > 0                     ? range.l_pid
                  : range.l_pid == -1                   ? OF_A_START
                                                        : OF_ANOTHER_NAMESPACE;
    return answer;
}

static int lock(int fd, int command, short type, off_t byte, pid_t* holder) {
    return lock_bytes(fd, command, type, byte, 1, holder);
}

/* Byte 0 excludes a second start; byte 1 will be the daemon's, and says until then that it is being
 * started. */
static int lock_for_start(int fd) { return lock_bytes(fd, F_OFD_SETLK, F_WRLCK, 0, 2, NULL); }

static pid_t holder_of(int fd, int command, off_t byte) {
    pid_t holder;
    lock(fd, command, F_RDLCK, byte, &holder);
    return holder;
}

/* A start, a daemon or its child; who only reads the file is not seen. */
static bool has_a_writer(int fd) {
    return holder_of(fd, F_OFD_GETLK, 0) != NOBODY || holder_of(fd, F_GETLK, 1) != NOBODY;
}

/* 0 where the file is empty, -1 where it holds anything else than a pid above 1. */
static pid_t read_pid(int fd) {
    char text[16];
    long long pid = 0;
    ssize_t size;
    do
        size = pread(fd, text, sizeof text, 0);
    while (size < 0 && errno == EINTR);
    if (size <= 0)
        return (pid_t)size;
    if (size == sizeof text)
        return -1;
    size -= text[size - 1] == '\n';
    for (ssize_t i = 0; i != size; ++i) {
        if (text[i] < '0' || text[i] > '9')
            return -1;
        pid = pid * 10 + text[i] - '0';
    }
    return pid > 1 && pid <= INT_MAX ? (pid_t)pid : -1;
}

/* Dies once it is known who holds the lock; a start on its way has time to write its number. */
static void name_the_owner(int fd, long long waited) {
    const pid_t owner = holder_of(fd, F_GETLK, 1);
    if (owner > 0 || owner == OF_ANOTHER_NAMESPACE)
        die(1, "pid file", chosen->pid_file, "already running, pid %d%s",
            (int)(owner > 0 ? owner : read_pid(fd)), owner > 0 ? "" : " of another pid namespace");
    if (waited > SECOND && owner == NOBODY && read_pid(fd) > 0)
        die(1, "pid file", chosen->pid_file, "the daemon is gone, a child of it still holds %s",
            chosen->pid_file);
    if (waited > 10LL * SECOND)
        die(1, "pid file", chosen->pid_file, "%s",
            owner == NOBODY && holder_of(fd, F_OFD_GETLK, 0) == NOBODY
                ? "a process that only reads it keeps it locked"
                : "already being started, and its pid is not written yet");
    nap(waited > SECOND / 10 ? 20 * MILLISECOND : MILLISECOND);
    if (is_cancelled())
        die(1, "pid file", chosen->pid_file, "%s", strerror(EINTR));
}

static const char* objection_to(const struct stat* file) {
    if (!S_ISREG(file->st_mode))
        return "is not a regular file";
    if (file->st_nlink > 1)
        return "has more than one name";
    if (file->st_uid != 0 && file->st_uid != geteuid())
        return "belongs to another user";
    return NULL;
}

static int open_file(const char* path, int flags, mode_t mode) {
    int fd;
    do
        fd = open(path, flags | O_CLOEXEC | O_NOCTTY, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

enum { PID_FILE_FLAGS = O_RDWR | O_NOFOLLOW | O_NONBLOCK };

/* As O_CREAT does it, but telling whether the file is ours to remove again. Only the starter may
 * open it until the daemon has its lock: who could, could keep the daemon from that. */
static int open_or_create(const char* path, bool* created) {
    for (;;) {
        int fd = open_file(path, PID_FILE_FLAGS | O_CREAT | O_EXCL, 0600);
        *created = fd >= 0;
        if (fd >= 0 || errno != EEXIST)
            return above_stdio(fd);
        fd = open_file(path, PID_FILE_FLAGS, 0);
        if (fd >= 0 || errno != ENOENT) /* it may have gone in between */
            return above_stdio(fd);
    }
}

static _Noreturn void refuse_pid_file(const char* why) {
    die(1, "pid file", chosen->pid_file, "%s", why);
}

static _Noreturn void refuse_unopened(void) {
    refuse_pid_file(errno == ELOOP ? "is a symbolic link" : strerror(errno));
}

/* What may not be trusted ends the start. */
static void examine(int fd, struct stat* file) {
    if (fstat(fd, file) != 0)
        refuse_pid_file(strerror(errno));
    const char* const objection = objection_to(file);
    if (objection != NULL)
        refuse_pid_file(objection);
}

static bool same_file(const struct stat* a, const struct stat* b) {
    return a->st_dev == b->st_dev && a->st_ino == b->st_ino;
}

static bool names(const char* path, const struct stat* file) {
    struct stat there;
    return lstat(path, &there) == 0 && same_file(&there, file);
}

struct entry { /* of getdents64(2) */
    uint64_t inode;
    int64_t next;
    uint16_t size;
    unsigned char type;
    char name[1];
};

/* Calls visit() for each descriptor but the list's own, until one answers true: 1 then, 0 at the
 * end, -1 where there is no list. */
static int each_descriptor(bool (*visit)(int fd, const void* data), const void* data) {
    _Alignas(struct entry) char entries[2048];
    long size;
    bool found = false;
    const int directory = open_file("/proc/self/fd", O_RDONLY | O_DIRECTORY, 0);
    if (directory < 0)
        return -1;
    while (!found && (size = syscall(SYS_getdents64, directory, entries, sizeof entries)) > 0)
        for (long at = 0; at < size && !found; at += ((const struct entry*)(entries + at))->size) {
            const char* const name = ((const struct entry*)(entries + at))->name;
            const int fd = atoi(name);
            found = *name != '.' && fd != directory && visit(fd, data);
        }
    close(directory);
    return found ? 1 : size == 0 ? 0 : -1;
}

static bool is_our_pid_file(int fd, const void* there) {
    struct stat file;
    return fstat(fd, &file) == 0 && same_file(&file, there) &&
           holder_of(fd, F_OFD_GETLK, 1) == getpid();
}

enum attempt { LOCKED, WAITED, OVERTAKEN, IMPOSSIBLE };

/* Makes PATH.new, locks it, and renames it over what stands at PATH: who may only read a pid file
 * can hold a read lock on the old one, beside which no write lock can be had, and keeps it. */
static enum attempt put_draft_in_place(long long waited) {
    const char* const path = chosen->pid_file;
    struct stat there, made;
    char draft[PATH_MAX];
    int old = -1;
    const bool seen = lstat(path, &there) == 0;
    if (!seen && errno != ENOENT)
        refuse_pid_file(strerror(errno));
    /* Asked before it is opened: closing a descriptor of it would release our own byte 1. */
    if (seen && each_descriptor(is_our_pid_file, &there) == 1)
        die(1, "pid file", path, "already running, pid %d", (int)getpid());
    if (seen) {
        old = above_stdio(open_file(path, PID_FILE_FLAGS, 0));
        if (old < 0 && errno != ENOENT)
            refuse_unopened();
    }
    if (old >= 0) {
        examine(old, &there);
        if (has_a_writer(old)) {
            name_the_owner(old, waited);
            close(old);
            return WAITED;
        }
    }
    enum attempt result = IMPOSSIBLE;
    if (snprintf(draft, sizeof draft, "%s.new", path) >= (int)sizeof draft)
        goto close_old;
    bool created;
    const int fd = open_or_create(draft, &created);
    if (fd < 0)
        goto close_old;
    if (fstat(fd, &made) != 0 || objection_to(&made) != NULL || made.st_size != 0 ||
        (made.st_mode & 07777 & ~0600U) != 0) {
        if (created)
            unlink(draft);
        goto close_new;
    }
    if (lock_for_start(fd) != 0) {
        const int error = errno;
        if (error == EAGAIN || error == EACCES) {
            name_the_owner(fd, waited);
            result = WAITED;
            goto close_new;
        }
        unlink(draft);
        refuse_pid_file(strerror(error));
    }
    result = OVERTAKEN;
    if (!names(draft, &made))
        goto close_new;
    /* PATH.new is ours. Is PATH still what it was, and nobody's? */
    struct stat now_there;
    const int again = lstat(path, &now_there);
    const bool same =
        old < 0 ? again != 0 && errno == ENOENT : again == 0 && same_file(&now_there, &there);
    if (!same || (old >= 0 && lock_for_start(old) != 0 && has_a_writer(old))) {
        unlink(draft);
        goto close_new;
    }
    if (ftruncate(fd, 0) != 0) {
        const int error = errno;
        unlink(draft);
        refuse_pid_file(strerror(error));
    }
    if (rename(draft, path) != 0) {
        unlink(draft);
        result = IMPOSSIBLE;
        goto close_new;
    }
    pid_fd = fd;
    is_fresh = true;
    result = LOCKED;
    goto close_old;
close_new:
    close(fd);
close_old:
    if (old >= 0)
        close(old);
    return result;
}

/* Where the directory may not be written: what stands there is locked as it is. */
static enum attempt take_in_place(long long waited) {
    const char* const path = chosen->pid_file;
    bool created;
    struct stat file;
    const int fd = open_or_create(path, &created);
    if (fd < 0)
        refuse_unopened();
    examine(fd, &file);
    if (lock_for_start(fd) != 0) {
        const int error = errno;
        if (error != EAGAIN && error != EACCES) {
            if (created)
                unlink(path); /* nobody can have locked it either */
            refuse_pid_file(strerror(error));
        }
        name_the_owner(fd, waited);
    } else if (names(path, &file)) {
        pid_fd = fd;
        is_fresh = created;
        remover = getpid();
        /* The umask was a stranger's; the number of the last daemon goes at once. */
        if ((!created && fchmod(fd, 0644) != 0) || ftruncate(fd, 0) != 0)
            die_of_errno("pid file", path);
        return LOCKED;
    } else {
        close(fd);
        return OVERTAKEN;
    }
    close(fd); /* released since it was opened */
    return WAITED;
}

/* Ends with an open file that carries our lock and that the path names. */
static void lock_pid_file(void) {
    const long long begun = now();
    for (int replaced = 0; replaced != 100;) {
        enum attempt made = put_draft_in_place(now() - begun);
        if (made == IMPOSSIBLE)
            made = take_in_place(now() - begun);
        if (made == LOCKED) {
            remover = getpid();
            return;
        }
        replaced += made == OVERTAKEN;
    }
    refuse_pid_file("is replaced faster than it can be locked");
}

static void write_pid_file(void) {
    char text[24];
    const int size = snprintf(text, sizeof text, "%d\n", (int)(remover = getpid()));
    struct rlimit limit; /* beyond it SIGXFSZ would end the daemon without a word */
    if (getrlimit(RLIMIT_FSIZE, &limit) != 0)
        die_of_errno("pid file", chosen->pid_file);
    if (limit.rlim_cur < (rlim_t)size)
        refuse_pid_file(strerror(EFBIG));
    ssize_t written;
    do
        written = pwrite(pid_fd, text, (size_t)size, 0);
    while (written < 0 && errno == EINTR);
    if (written >= 0 && written != size)
        errno = ENOSPC;
    if (written != size)
        die_of_errno("pid file", chosen->pid_file);
    if (atexit(remove_pid_file) != 0)
        die(1, "pid file", "atexit", "%s", strerror(ENOMEM));
}

/* The daemon's own lock, which names it; and only then the file is for others to open. */
static void open_pid_file_to_readers(void) {
    if (lock(pid_fd, F_OFD_SETLK, F_UNLCK, 1, NULL) != 0 ||
        (lock(pid_fd, F_SETLK, F_WRLCK, 1, NULL) != 0 && errno != EAGAIN && errno != EACCES))
        die_of_errno("pid file", chosen->pid_file);
    if (holder_of(pid_fd, F_OFD_GETLK, 1) != getpid())
        refuse_pid_file("a process that only reads it keeps it locked");
    if (is_fresh && fchmod(pid_fd, 0644) != 0)
        die_of_errno("pid file", chosen->pid_file);
}

static void remove_pid_file_and_die(int number) {
    remove_pid_file();
    if (getpid() == 1)
        _exit(128 + number);
    raise(number); /* SA_RESETHAND: its default action, once this handler has returned */
}

/* What asks for the end takes the pid file with it, and ends PID 1 too: for that one the kernel
 * discards the default action. */
static void end_by_signals(void) {
    static const int deadly[] = {SIGTERM, SIGINT, SIGHUP};
    struct sigaction dying = {.sa_handler = remove_pid_file_and_die, .sa_flags = (int)SA_RESETHAND};
    struct sigaction before;
    sigfillset(&dying.sa_mask);
    for (int i = chosen->signals == SIGNAL_FD; i < 3; ++i) { /* which collects the first */
        if (sigaction(deadly[i], &dying, &before) != 0)
            die_of_errno("signals", "sigaction");
        if (before.sa_handler != SIG_DFL)
            sigaction(deadly[i], &before, NULL); /* ignored, or the program's own */
    }
}

static bool is_first_process(void) { return chosen->forks != 2 && getpid() == 1; }

/* The launcher ----------------------------------------------------------------------------- */

/* A fork would lose all threads but one, with the locks they hold. */
static void check_threads(void) {
    struct stat tasks;
    for (int attempt = 0; attempt != 20; ++attempt) { /* one that was joined lingers */
        if (__libc_single_threaded)
            return;
        if (stat("/proc/self/task", &tasks) == 0 && tasks.st_nlink > 2) {
            if (tasks.st_nlink == 3)
                return;
        } else if (unshare(CLONE_THREAD) == 0 || errno != EINVAL) {
            return; /* without /proc the kernel tells, or cannot be asked */
        }
        nap(MILLISECOND);
    }
    die(1, "threads", "start", "more than one thread is running; the others would vanish");
}

static int wait_for(idtype_t which, pid_t id, siginfo_t* how, int options);

/* A child's death and what cancels the start make a descriptor readable. Every orphan becomes ours,
 * so that the launcher learns of each death and can end whom it does not know. */
static void watch_children(void) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    siginfo_t any;
    if (sigaction(SIGCHLD, &standard, &child_before) != 0)
        die_of_errno("report", "signals");
    adopts = prctl(PR_SET_CHILD_SUBREAPER, 1) == 0;
    has_others = wait_for(P_ALL, 0, &any, WNOWAIT) == 0 || errno != ECHILD;
}

static void watch_signals(void) {
    sigset_t watched;
    sigemptyset(&watched);
    sigaddset(&watched, SIGCHLD);
    for (int i = 0; i != CANCELLING; ++i)
        if (cancels(cancelling[i]))
            sigaddset(&watched, cancelling[i]);
    signals = signalfd(-1, &watched, SFD_CLOEXEC);
}

/* In a daemon that keeps its signals. */
static void restore_signals(void) {
    sigaction(SIGCHLD, &child_before, NULL);
    sigprocmask(SIG_SETMASK, &mask_before, NULL);
}

/* Until the next death. */
static void wait_for_child(long nanoseconds) {
    const struct timespec limit = {0, nanoseconds};
    sigset_t child;
    sigemptyset(&child);
    sigaddset(&child, SIGCHLD);
    sigtimedwait(&child, NULL, &limit);
}

static int wait_for(idtype_t which, pid_t id, siginfo_t* how, int options) {
    int answer;
    how->si_pid = 0;
    do
        answer = waitid(which, (id_t)id, how, WEXITED | WNOHANG | options);
    while (answer < 0 && errno == EINTR);
    return answer;
}

static bool is_no_process(pid_t process) { return kill(process, 0) != 0 && errno == ESRCH; }

/* Looks, and leaves a zombie one: as long as it is not waited for, its number is its own. */
static bool has_ended(pid_t process) {
    siginfo_t how;
    if (wait_for(P_PID, process, &how, WNOWAIT) != 0)
        return is_no_process(process); /* not our child: no subreaper here */
    if (how.si_pid != 0)
        how_ended = how;
    return how.si_pid != 0;
}

/* The daemon, or an intermediate that could not make one. */
static bool has_died(void) {
    return has_ended(daemon_pid != 0 ? daemon_pid : first) &&
           (daemon_pid != 0 || how_ended.si_code != CLD_EXITED || how_ended.si_status != 0);
}

/* The dead child that it has waited for, 0 where all live, -1 where there is none. */
static pid_t take(idtype_t which, pid_t id) {
    siginfo_t how;
    if (wait_for(which, id, &how, 0) != 0)
        return -1;
    if (how.si_pid != 0 && (how.si_pid == daemon_pid || (daemon_pid == 0 && how.si_pid != first)))
        how_ended = how;
    return how.si_pid;
}

static bool owns_all_children(void) { return adopts && !has_others; }

/* A number is signalled only while a child of ours, dead or alive, keeps it. */
static bool is_child(idtype_t which, pid_t id) {
    siginfo_t how;
    return wait_for(which, id, &how, WNOWAIT) == 0;
}

static bool signal_group(int number) {
    return is_child(P_PGID, first) && kill(-first, number) == 0;
}

static void signal_child(pid_t process, int number) {
    if (process > 0 && is_child(P_PID, process))
        kill(process, number);
}

/* Each descendant becomes our child once its parents are dead. */
static void signal_others(int number) {
    char text[2048], *next = text;
    signal_child(daemon_pid, number);
    if (!owns_all_children())
        return;
    const int list = open_file("/proc/thread-self/children", O_RDONLY, 0);
    const ssize_t size = list < 0 ? 0 : read(list, text, sizeof text - 1);
    if (list >= 0)
        close(list);
    text[size < 0 ? 0 : size] = '\0';
    for (pid_t process; (process = (pid_t)strtol(next, &next, 10)) > 0;)
        if (process != daemon_pid)
            signal_child(process, number);
}

static bool all_gone(void) {
    pid_t dead;
    if (owns_all_children()) {
        while ((dead = take(P_ALL, 0)) > 0) {
        }
        return dead < 0;
    }
    if (!adopts) { /* its zombie keeps the group's number until the daemon is gone */
        if (daemon_pid != 0 && !has_ended(daemon_pid))
            return false;
        signal_group(SIGKILL);
        return take(P_PID, first) != 0;
    }
    const bool first_gone = take(P_PID, first) != 0;
    const bool daemon_gone = daemon_pid == 0 || take(P_PID, daemon_pid) != 0;
    while ((dead = take(P_PGID, first)) > 0) {
    }
    return first_gone && daemon_gone && dead < 0;
}

/* Until nothing of the start is left, whatever it is doing and whoever has forked it: TERM, and
 * after two seconds KILL, in rounds, since each orphan is seen only once its parent is dead. */
static void clear_away(long long patience) {
    const long long deadline = now() + patience;
    while (patience != 0 && !has_died() && !is_cancelled() && now() < deadline)
        wait_for_child(10 * MILLISECOND); /* by itself: its destructors and atexit functions */
    const long long begun = now();
    if (!is_child(P_PGID, first))
        signal_child(first, SIGKILL); /* no group yet */
    int rounds_of_kill = 200;
    for (bool asked_group = false, asked_rest = false; !all_gone();
         wait_for_child(10 * MILLISECOND)) {
        if (now() - begun > 2LL * SECOND) {
            if (--rounds_of_kill == 0)
                return;
            signal_group(SIGKILL);
            signal_others(SIGKILL);
        } else if (!asked_group && signal_group(SIGTERM)) {
            asked_group = true;
        } else if (!asked_rest && !is_child(P_PGID, first)) {
            signal_others(SIGTERM); /* they have left the group */
            asked_rest = true;
        }
    }
}

static _Noreturn void die_of_cancel(void) {
    clear_away(0);
    die(128 + cancelled, "launcher", "start", "cancelled by %s", strsignal(cancelled));
}

static _Noreturn void die_of_daemon(long long patience) {
    clear_away(patience);
    if (how_ended.si_pid == 0)
        die(1, "daemon", "ended before it was ready", "how is not known");
    if (how_ended.si_code == CLD_EXITED)
        die(how_ended.si_status != 0 ? how_ended.si_status : 1, "daemon",
            "ended before it was ready", "exit status %d", how_ended.si_status);
    die(128 + how_ended.si_status, "daemon", "killed before it was ready", "%s, signal %d",
        strsignal(how_ended.si_status), how_ended.si_status);
}

static _Noreturn void die_of_report(const char* what, const char* why) {
    clear_away(0);
    die(1, "report", what, "%s", why);
}

/* Takes one message, and the kernel's word on who has sent it. */
static ssize_t receive(int from, struct message* message, pid_t* sender) {
    struct iovec piece = {message, sizeof *message};
    _Alignas(struct cmsghdr) char control[CMSG_SPACE(sizeof(struct ucred))];
    struct msghdr header = {.msg_iov = &piece,
                            .msg_iovlen = 1,
                            .msg_control = control,
                            .msg_controllen = sizeof control};
    struct ucred who = {0};
    ssize_t size;
    do
        size = recvmsg(from, &header, MSG_DONTWAIT);
    while (size < 0 && errno == EINTR);
    const struct cmsghdr* const extra = size < 0 ? NULL : CMSG_FIRSTHDR(&header);
    if (extra != NULL && extra->cmsg_level == SOL_SOCKET && extra->cmsg_type == SCM_CREDENTIALS)
        memcpy(&who, CMSG_DATA(extra), sizeof who);
    *sender = who.pid;
    return size;
}

/* Whatever arrives is checked: it may be anything. */
static bool is_understood(const struct message* message, ssize_t size) {
    return size == (ssize_t)sizeof *message
               ? message->what == FAILED
               : size == (ssize_t)head && (message->what == READY || message->what == FORKED);
}

/* A worker has inherited the report. Only the daemon is heard, and before there is one whoever is
 * to become it, or has failed to make it. */
static bool is_heard(const struct message* message, pid_t sender) {
    if (daemon_pid != 0)
        return sender == daemon_pid;
    return sender > 0 && (message->what == FORKED || sender == first);
}

static bool has_news(int from, int milliseconds) {
    struct pollfd entry = {from, POLLIN, 0};
    return poll(&entry, 1, milliseconds) != 0;
}

static bool lies_in(const void* address, unsigned long begin, unsigned long end) {
    return (unsigned long)address >= begin && (unsigned long)address < end;
}

struct look {
    unsigned long begin, end;
    bool is_linked;
    unsigned long long objects, added, removed;
};

static int look_at(struct dl_phdr_info* object, size_t size, void* data) {
    struct look* const look = data;
    (void)size;
    ++look->objects;
    look->added = object->dlpi_adds;
    look->removed = object->dlpi_subs;
    if (lies_in(object->dlpi_name, look->begin, look->end) ||
        lies_in(object->dlpi_phdr, look->begin, look->end))
        look->is_linked = true;
    for (int i = 0; i != object->dlpi_phnum; ++i) {
        const unsigned long begin = object->dlpi_addr + object->dlpi_phdr[i].p_vaddr;
        if (object->dlpi_phdr[i].p_type == PT_LOAD && begin < look->end &&
            look->begin < begin + object->dlpi_phdr[i].p_memsz)
            look->is_linked = true;
    }
    return 0;
}

/* Whether the dynamic linker has an object or a list of its own there, or one nobody knows where:
 * of an object that was unloaded, or in another namespace. */
static bool is_linked(unsigned long begin, unsigned long end) {
    struct look look = {.begin = begin, .end = end};
    dl_iterate_phdr(look_at, &look);
#ifdef __GLIBC__
    if (look.removed != 0 || look.added != look.objects)
        return true;
#endif
    return look.is_linked;
}

/* Gives back the large pieces of memory that only the program has used, until there is news: as
 * long as the launcher has its copy, each page that the daemon writes must be copied. libc's own
 * variables lie elsewhere, and what it calls is bound when the program is loaded (-z now). */
static void let_go_of_memory(int from) {
    static const unsigned long large = 1UL << 20, piece = 64UL << 20;
    char text[1024], line[128];
    unsigned long end_of_object = 0; /* what follows a file's memory may be its bss */
    size_t length = 0;               /* of the line so far; the end of a long one says nothing */
    ssize_t size;
    struct rusage usage;
    if (getrusage(RUSAGE_SELF, &usage) != 0 || usage.ru_maxrss < 16 << 10)
        return;
    const int maps = open_file("/proc/self/maps", O_RDONLY, 0);
    if (maps < 0)
        return;
    while ((size = read(maps, text, sizeof text)) > 0)
        for (ssize_t i = 0; i != size; ++i) {
            unsigned long begin, end, inode;
            char mode[5], name[6] = "";
            if (text[i] != '\n') {
                if (length != sizeof line - 1)
                    line[length++] = text[i];
                continue;
            }
            line[length] = '\0';
            length = 0;
            const int fields =
                sscanf(line, "%lx-%lx %4s %*x %*x:%*x %lu %5s", &begin, &end, mode, &inode, name);
            if (fields < 4 || mode[3] != 'p')
                continue;
            const bool is_data = inode == 0 && mode[1] == 'w';
            if (!is_data || begin == end_of_object) {
                end_of_object = end;
                continue;
            }
            if (end - begin < large ||
                (name[0] != '\0' && strcmp(name, "[heap") && strcmp(name, "[anon")) ||
                lies_in(line, begin, end) || lies_in(&errno, begin, end) || is_linked(begin, end))
                continue;
            while (begin != end) {
                const unsigned long gone = end - begin < piece ? end - begin : piece;
                if (has_news(from, 0))
                    goto over;
                munmap((void*)begin, gone);
                begin += gone;
            }
        }
over:
    close(maps);
}

/* Where the intermediate, its parent, has yet to leave, the daemon may be dead and no child of
 * ours. */
static bool daemon_lives(void) {
    while (adopts && !is_child(P_PID, daemon_pid) && !is_no_process(daemon_pid)) {
        wait_for_child(10 * MILLISECOND);
        if (is_cancelled())
            die_of_cancel();
    }
    return !has_ended(daemon_pid);
}

/* From here on the launcher is only a witness. `from` is its end of the report. */
static _Noreturn void attend(int from) {
    static const long long after_a_failure = 5LL * SECOND;
    struct message news;
    bool is_dead = false, was_woken = false, waits = false;
    watch_signals();
    for (int patience = 4096;;) { /* more than a queue holds is a worker's noise */
        struct pollfd entries[] = {{from, POLLIN, 0}, {signals, POLLIN, 0}};
        if (!waits && daemon_pid != 0) {
            waits = true;
            let_go_of_memory(from);
        }
        if (!is_dead) {
            if (ppoll(entries, 2, NULL, NULL) < 0 && errno != EINTR)
                die_of_report("poll", strerror(errno));
            if (entries[1].revents != 0) {
                if (is_cancelled())
                    die_of_cancel();
                wait_for_child(0); /* takes the word of a death, so that the next one is heard */
                was_woken = true;
                is_dead = has_died(); /* first this, then messages: it may have left one */
            }
        }
        pid_t sender;
        ssize_t size = receive(from, &news, &sender);
        if (size > 0 && !is_heard(&news, sender)) {
            if (!is_dead || --patience > 0)
                continue;
            size = 0;
        }
        if (size == 0 || (size < 0 && (errno == ECONNRESET || (errno == EAGAIN && is_dead))))
            die_of_daemon(after_a_failure);
        if (size < 0 && errno == EAGAIN)
            continue;
        if (size < 0 || !is_understood(&news, size))
            die_of_report("message from the daemon", "cannot be understood");
        switch (news.what) {
        case FORKED:
            daemon_pid = sender;
            is_dead = was_woken && has_died(); /* its SIGCHLD may have come before its name */
            break;
        case READY:
            if (!daemon_lives())
                die_of_daemon(0);
            if (is_cancelled())
                die_of_cancel();
            report = from;
            if (!send_all("", 1)) {
                report = -1;
                die_of_daemon(100LL * MILLISECOND);
            }
            if (chosen->leaving != NULL)
                chosen->leaving();
            _exit(0);
        case FAILED:
            clear_away(after_a_failure);
            news.text[sizeof news.text - 1] = '\0';
            remove_pid_file();
            if (cancelled != 0)
                die_of_signal();
            tell(&news);
            _exit((news.status & 0xff) != 0 ? news.status : 1);
        }
    }
}

static void detach(void) {
    int ends[2];
    const int on = 1;
    if (getpid() == 1) /* with its first process a pid namespace ends */
        die(1, "fork", "process 1", "its exit would end the daemon, too; start it without a fork");
    fflush(NULL); /* or both sides write the same buffer */
    if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) != 0 ||
        (ends[0] = above_stdio(ends[0])) < 0 || (ends[1] = above_stdio(ends[1])) < 0 ||
        setsockopt(ends[0], SOL_SOCKET, SO_PASSCRED, &on, sizeof on) != 0)
        die_of_errno("report", "socketpair");
    watch_children();
    first = fork();
    if (first < 0)
        die_of_errno("fork", "the launcher's");
    if (first > 0) {
        close(ends[1]);
        if (chosen->forks == 1)
            daemon_pid = first;
        attend(ends[0]);
    }
    close(ends[0]);
    report = ends[1];
    const pid_t session = setsid();
    if (session < 0)
        die_of_errno("setsid", "new session");
    if (chosen->forks == 2) {
        const struct message forked = {.what = FORKED};
        if (session == 1)
            die(1, "fork", "new pid namespace",
                "two forks would end its first process, and with it the daemon; use one");
        const pid_t daemon = fork();
        if (daemon < 0)
            die_of_errno("fork", "the intermediate's");
        if (daemon > 0)
            _exit(0);
        if (!send_all(&forked, head))
            _exit(1); /* the launcher hears that nobody has the report any more */
    }
    daemon_pid = getpid();
    if (chosen->signals == KEEP_SIGNALS)
        restore_signals();
}

/* The daemon ------------------------------------------------------------------------------- */

static void reset_signals(void) {
    const struct sigaction standard = {.sa_handler = SIG_DFL};
    const int first_of_real_time = SIGRTMIN, last = SIGRTMAX;
    sigset_t blocked;
    for (int number = 1; number <= last; ++number)
        if (number != SIGKILL && number != SIGSTOP && (number < 32 || number >= first_of_real_time))
            if (sigaction(number, &standard, NULL) != 0)
                die_of_errno("signals", "sigaction");
    sigemptyset(&blocked);
    if (chosen->signals == SIGNAL_FD)
        sigaddset(&blocked, SIGTERM);
    if (sigprocmask(SIG_SETMASK, &blocked, NULL) != 0)
        die_of_errno("signals", "sigprocmask");
    if (chosen->signals == SIGNAL_FD)
        if ((signal_fd = above_stdio(signalfd(-1, &blocked, SFD_CLOEXEC))) < 0)
            die_of_errno("signals", "signalfd");
}

static bool is_ours(int fd) { return fd == report || fd == pid_fd || fd == signal_fd; }

/* Closes the gaps between ours. */
static bool close_ranges(void) {
    unsigned from = 3;
    for (;;) {
        const int ours[] = {report, pid_fd, signal_fd};
        unsigned next = ~0U;
        for (int i = 0; i < 3; ++i)
            if (ours[i] >= (int)from && (unsigned)ours[i] < next)
                next = (unsigned)ours[i];
        if (from < next && syscall(SYS_close_range, from, next == ~0U ? next : next - 1, 0) != 0)
            return false; /* before Linux 5.9, or in a sandbox older than that */
        if (next == ~0U)
            return true;
        from = next + 1;
    }
}

static bool close_other(int fd, const void* unused) {
    (void)unused;
    if (fd > 2 && !is_ours(fd))
        close(fd);
    return false;
}

/* The last resort; the limit may be 2^30, but the kernel's own bound rarely is. */
static void close_one_by_one(void) {
    struct rlimit limit;
    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        die_of_errno("descriptors", "close");
    const int bound = limit.rlim_max < 1U << 20 ? (int)limit.rlim_max : 1 << 20;
    for (int fd = 3; fd < bound; ++fd)
        if (!is_ours(fd))
            close(fd);
}

static int open_log(void) {
    /* Of a FIFO that nobody reads an error, and no start that hangs. */
    const int flags = O_WRONLY | O_CREAT | O_APPEND | O_NOFOLLOW | O_NONBLOCK;
    const int fd = above_stdio(open_file(chosen->log, flags, 0640));
    struct stat file;
    if (fd < 0 || fstat(fd, &file) != 0 || fcntl(fd, F_SETFL, O_APPEND) != 0)
        die_of_errno("stdio", chosen->log);
    const char* const objection = S_ISCHR(file.st_mode) ? NULL : objection_to(&file);
    if (objection != NULL)
        die(1, "stdio", chosen->log, "%s", objection);
    return fd;
}

static void put(int fd, int target, const char* what) {
    int answer;
    do
        answer = dup2(fd, target);
    while (answer < 0 && errno == EINTR);
    if (answer < 0)
        die_of_errno("stdio", what);
}

static void replace_stdio(void) {
    const int how = chosen->stdio == NULL_STDIO ? O_RDWR : O_RDONLY;
    const int null = above_stdio(open_file("/dev/null", how, 0));
    if (null < 0)
        die_of_errno("stdio", "/dev/null");
    const int out = chosen->stdio == NULL_STDIO ? null : open_log();
    if (chosen->forks == 0) {
        fflush(NULL); /* what was printed before belongs to the old stdout */
        terminal = fcntl(2, F_DUPFD_CLOEXEC, 3);
    }
    put(null, 0, "stdin");
    put(out, 1, "stdout");
    put(out, 2, "stderr");
    close(null);
    if (out != null)
        close(out);
}

void by_hand_start(const struct by_hand* description) {
#ifdef BY_HAND_TYPICAL
    (void)description;
#else
    /* The path is needed to the end, when what it was given in may be gone. */
    static struct by_hand own;
    static char own_path[PATH_MAX];
    own = *description;
    chosen = &own;
    if (own.pid_file != NULL) {
        if (strlen(own.pid_file) >= sizeof own_path)
            die(1, "pid file", own.pid_file, "%s", strerror(ENAMETOOLONG));
        own.pid_file = strcpy(own_path, own.pid_file);
    }
#endif
    if (chosen->forks != 0) {
        hold_signals();
        check_threads();
    }
    if (chosen->pid_file != NULL)
        lock_pid_file();
    if (chosen->forks != 0)
        detach();
    umask(022);
    if (chdir("/") != 0)
        die_of_errno("directory", "/");
    if (chosen->pid_file != NULL)
        write_pid_file();
    if (chosen->signals != KEEP_SIGNALS)
        reset_signals();
    if (chosen->pid_file != NULL || is_first_process())
        end_by_signals();
    closelog(); /* or it goes on writing to a number that is another's by then */
    if (!close_ranges() && each_descriptor(close_other, NULL) != 0)
        close_one_by_one();
    if (chosen->pid_file != NULL)
        open_pid_file_to_readers();
    if (chosen->stdio != KEEP_STDIO)
        replace_stdio();
    is_starting = true;
}

void by_hand_ready(void) {
    const struct message ready = {.what = READY};
    char taken;
    if (terminal >= 0)
        close(terminal);
    terminal = -1;
    if (report >= 0 && daemon_pid == getpid()) {
        ssize_t size = -1;
        bool is_asked_to_end = false;
        const bool is_sent = send_all(&ready, head);
        while (is_sent && !is_asked_to_end && !has_news(report, SECOND / 5 / MILLISECOND)) {
            sigset_t pending; /* the launcher may be stopped */
            is_asked_to_end = sigpending(&pending) == 0 &&
                              (sigismember(&pending, SIGTERM) || sigismember(&pending, SIGINT) ||
                               sigismember(&pending, SIGQUIT));
        }
        if (is_asked_to_end)
            errno = EINTR;
        else if (is_sent)
            for (int attempt = 0; attempt != 3 && size < 0; ++attempt)
                if ((size = recv(report, &taken, 1, 0)) < 0 && errno == ECONNRESET)
                    break;
        if (size != 1) { /* nobody was told that it runs */
            const int error = size == 0 ? EPIPE : errno;
            remove_pid_file();
            char text[128];
            snprintf(text, sizeof text, "daemon: not ready, the launcher is %s: %s",
                     is_asked_to_end ? "silent, and a signal came" : "gone", strerror(error));
            say(2, text);
            exit(1);
        }
        close(report);
        report = -1;
    } else if (is_starting && report >= 0) {
        char text[96];
        snprintf(text, sizeof text, "daemon: ready: not reported, since a worker said it: pid %d",
                 (int)getpid());
        say(2, text);
        return;
    }
    is_starting = false;
}

int by_hand_end(int status) {
    remove_pid_file();
    if (pid_fd >= 0)
        close(pid_fd);
    if (signal_fd >= 0)
        close(signal_fd);
    pid_fd = signal_fd = -1;
    if (is_starting && (chosen->forks == 0 || daemon_pid == getpid())) {
        struct message failed = {.what = FAILED, .status = (status & 0xff) != 0 ? status : 1};
        snprintf(failed.text, sizeof failed.text, "daemon: ended before it was ready: status %d",
                 status);
        tell(&failed);
    }
    return status;
}

#ifndef BY_HAND_TYPICAL
void by_hand_wait(void) {
    struct signalfd_siginfo info;
    if (signal_fd >= 0)
        while (read(signal_fd, &info, sizeof info) < 0 && errno == EINTR) {
        }
    else
        for (;;)
            pause();
}
#endif
