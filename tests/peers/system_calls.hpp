// SPDX-License-Identifier: BSL-1.0
// Which system calls are made to fail, and with what: an errno the call is documented to give, and
// for those that work on descriptors one that fits what the descriptor is.
#pragma once

#include <fcntl.h>
#include <sys/syscall.h>

#include <cerrno>
#include <cstring>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace peers {

struct Kind {
    long number;
    const char* name;
    int error;          // 0: cannot fail, only a place to be killed at
    bool interruptible; // may give EINTR
};

#define PEERS_CALL(name, error, interruptible)                                                     \
    Kind { SYS_##name, #name, error, interruptible }

// Left out on purpose: memory (brk, mmap, ...), clocks, futex, signal return, and what only a
// language's run time asks for. None of them is a step of a start, but see add_thread_calls().
inline std::vector<Kind>& kinds() {
    static std::vector<Kind> all{
#ifdef SYS_fork
        PEERS_CALL(fork, EAGAIN, false),
        PEERS_CALL(vfork, EAGAIN, false),
        PEERS_CALL(open, EACCES, true),
        PEERS_CALL(creat, EACCES, true),
        PEERS_CALL(stat, EACCES, false),
        PEERS_CALL(fstat, EIO, false),
        PEERS_CALL(lstat, EACCES, false),
        PEERS_CALL(access, EACCES, false),
        PEERS_CALL(dup2, EBUSY, false),
        PEERS_CALL(pipe, EMFILE, false),
        PEERS_CALL(poll, ENOMEM, true),
        PEERS_CALL(select, ENOMEM, true),
        PEERS_CALL(epoll_wait, EBADF, true),
        PEERS_CALL(epoll_create, EMFILE, false),
        PEERS_CALL(eventfd, EMFILE, false),
        PEERS_CALL(inotify_init, EMFILE, false),
        PEERS_CALL(signalfd, ENOSYS, false),
        PEERS_CALL(unlink, EACCES, false),
        PEERS_CALL(rename, EACCES, false),
        PEERS_CALL(link, EPERM, false),
        PEERS_CALL(symlink, EACCES, false),
        PEERS_CALL(mkdir, EACCES, false),
        PEERS_CALL(rmdir, EACCES, false),
        PEERS_CALL(chmod, EPERM, false),
        PEERS_CALL(chown, EPERM, false),
        PEERS_CALL(lchown, EPERM, false),
        PEERS_CALL(readlink, EACCES, false),
        PEERS_CALL(getdents, EIO, false),
        PEERS_CALL(getpgrp, 0, false),
        PEERS_CALL(pause, 0, true),
#endif
        PEERS_CALL(clone, EAGAIN, false),
        PEERS_CALL(clone3, EAGAIN, false),
        PEERS_CALL(unshare, EPERM, false),
        PEERS_CALL(execve, EACCES, false),
        PEERS_CALL(execveat, EACCES, false),
        PEERS_CALL(setsid, EPERM, false),
        PEERS_CALL(getsid, EPERM, false),
        PEERS_CALL(setpgid, EPERM, false),
        PEERS_CALL(getpgid, EPERM, false),
        PEERS_CALL(openat, EACCES, true),
        PEERS_CALL(openat2, EACCES, true),
        PEERS_CALL(close, EIO, true),
        PEERS_CALL(close_range, ENOSYS, false),
        PEERS_CALL(read, EIO, true),
        PEERS_CALL(readv, EIO, true),
        PEERS_CALL(pread64, EIO, true),
        PEERS_CALL(write, ENOSPC, true),
        PEERS_CALL(writev, ENOSPC, true),
        PEERS_CALL(pwrite64, ENOSPC, true),
        PEERS_CALL(lseek, EINVAL, false),
        PEERS_CALL(ftruncate, ENOSPC, true),
        PEERS_CALL(truncate, EACCES, true),
        PEERS_CALL(fallocate, ENOSPC, true),
        PEERS_CALL(fsync, EIO, true),
        PEERS_CALL(fdatasync, EIO, true),
        PEERS_CALL(flock, ENOLCK, true),
        PEERS_CALL(fcntl, EBADF, true),
        PEERS_CALL(ioctl, EIO, true),
        PEERS_CALL(dup, EMFILE, false),
        PEERS_CALL(dup3, EBUSY, false),
        PEERS_CALL(pipe2, EMFILE, false),
        PEERS_CALL(socket, EMFILE, false),
        PEERS_CALL(socketpair, EMFILE, false),
        PEERS_CALL(bind, EADDRINUSE, false),
        PEERS_CALL(listen, EADDRINUSE, false),
        PEERS_CALL(accept4, EMFILE, true),
        PEERS_CALL(connect, ECONNREFUSED, true),
        PEERS_CALL(getsockopt, ENOBUFS, false),
        PEERS_CALL(setsockopt, ENOBUFS, false),
        PEERS_CALL(shutdown, ENOTCONN, false),
        PEERS_CALL(sendto, EPIPE, true),
        PEERS_CALL(sendmsg, EPIPE, true),
        PEERS_CALL(recvfrom, EIO, true),
        PEERS_CALL(recvmsg, EIO, true),
        PEERS_CALL(ppoll, ENOMEM, true),
        PEERS_CALL(pselect6, ENOMEM, true),
        PEERS_CALL(epoll_pwait, EBADF, true),
        PEERS_CALL(epoll_create1, EMFILE, false),
        PEERS_CALL(epoll_ctl, ENOSPC, false),
        PEERS_CALL(eventfd2, EMFILE, false),
        PEERS_CALL(inotify_init1, EMFILE, false),
        PEERS_CALL(inotify_add_watch, ENOSPC, false),
        PEERS_CALL(timerfd_create, EMFILE, false),
        PEERS_CALL(timerfd_settime, EINVAL, false),
        PEERS_CALL(memfd_create, EMFILE, false),
        PEERS_CALL(signalfd4, ENOSYS, false),
        PEERS_CALL(pidfd_open, ENOSYS, false),
        PEERS_CALL(pidfd_send_signal, EPERM, false),
        PEERS_CALL(wait4, ECHILD, true),
        PEERS_CALL(waitid, ECHILD, true),
        PEERS_CALL(kill, EPERM, false),
        PEERS_CALL(tgkill, EAGAIN, false),
        PEERS_CALL(rt_sigaction, EINVAL, false),
        PEERS_CALL(rt_sigprocmask, EINVAL, false),
        PEERS_CALL(rt_sigtimedwait, EINVAL, true),
        PEERS_CALL(rt_sigsuspend, 0, true),
        PEERS_CALL(timer_create, EAGAIN, false),
        PEERS_CALL(setitimer, EINVAL, false),
        PEERS_CALL(prctl, EINVAL, false),
        PEERS_CALL(prlimit64, EPERM, false),
        PEERS_CALL(setpriority, EACCES, false),
        PEERS_CALL(chdir, EACCES, false),
        PEERS_CALL(fchdir, EACCES, false),
        PEERS_CALL(getcwd, ENOENT, false),
        PEERS_CALL(chroot, EPERM, false),
        PEERS_CALL(setgroups, EPERM, false),
        PEERS_CALL(setuid, EPERM, false),
        PEERS_CALL(setgid, EPERM, false),
        PEERS_CALL(setreuid, EPERM, false),
        PEERS_CALL(setregid, EPERM, false),
        PEERS_CALL(setresuid, EPERM, false),
        PEERS_CALL(setresgid, EPERM, false),
        PEERS_CALL(capset, EPERM, false),
        PEERS_CALL(fchmod, EPERM, false),
        PEERS_CALL(fchmodat, EPERM, false),
        PEERS_CALL(fchown, EPERM, false),
        PEERS_CALL(fchownat, EPERM, false),
        PEERS_CALL(newfstatat, EACCES, false),
        PEERS_CALL(statx, EACCES, false),
        PEERS_CALL(statfs, EACCES, false),
        PEERS_CALL(fstatfs, EIO, false),
        PEERS_CALL(faccessat, EACCES, false),
        PEERS_CALL(faccessat2, EACCES, false),
        PEERS_CALL(readlinkat, EACCES, false),
        PEERS_CALL(getdents64, EIO, false),
        PEERS_CALL(unlinkat, EACCES, false),
        PEERS_CALL(renameat, EACCES, false),
        PEERS_CALL(renameat2, EACCES, false),
        PEERS_CALL(linkat, EPERM, false),
        PEERS_CALL(symlinkat, EACCES, false),
        PEERS_CALL(mkdirat, EACCES, false),
        PEERS_CALL(mknodat, EPERM, false),
        PEERS_CALL(utimensat, EACCES, false),
        PEERS_CALL(umask, 0, false),
        PEERS_CALL(getpid, 0, false),
        PEERS_CALL(getppid, 0, false),
        PEERS_CALL(getuid, 0, false),
        PEERS_CALL(geteuid, 0, false),
        PEERS_CALL(exit_group, 0, false),
    };
    return all;
}

// For a start that takes them from the run time, as a hand-off of the memory does.
inline void add_thread_calls() {
    for (const Kind& kind : {
             PEERS_CALL(gettid, EINVAL, false),
             PEERS_CALL(get_robust_list, ENOSYS, false),
             PEERS_CALL(set_robust_list, ENOSYS, false),
             PEERS_CALL(set_tid_address, EINVAL, false),
             PEERS_CALL(sigaltstack, EPERM, false),
             PEERS_CALL(rseq, EINVAL, false),
             PEERS_CALL(uname, EFAULT, false),
         })
        kinds().push_back(kind);
}
#undef PEERS_CALL

inline const Kind* kind_of(long number) {
    for (const Kind& kind : kinds())
        if (kind.number == number)
            return &kind;
    return nullptr;
}

inline long number_of(std::string_view name) {
    for (const Kind& kind : kinds())
        if (name == kind.name)
            return kind.number;
    throw std::invalid_argument(std::string(name) + ": not a system call that is watched");
}

inline std::string error_name(int error) {
    const char* name = ::strerrorname_np(error);
    return name != nullptr ? name : std::to_string(error);
}

inline int error_by_name(const std::string& name) {
    for (int error = 1; error < 256; ++error)
        if (error_name(error) == name)
            return error;
    throw std::invalid_argument(name + ": not the name of an error");
}

namespace detail {
inline bool is_anonymous(std::string_view target) {
    return target.starts_with("pipe:") || target.starts_with("socket:");
}

inline int error_of_fcntl(long command) {
    switch (command) {
    case F_DUPFD:
    case F_DUPFD_CLOEXEC:
        return EMFILE;
    case F_SETLK:
    case F_SETLKW:
    case F_GETLK:
    case F_OFD_SETLK:
    case F_OFD_SETLKW:
    case F_OFD_GETLK:
        return ENOLCK;
    default:
        return EBADF;
    }
}
} // namespace detail

// `target` is what the call's first argument, a descriptor, refers to (empty where it is none).
inline int fitting_error(const Kind& kind, std::string_view target, long second_argument) {
    if (kind.number == SYS_fcntl)
        return detail::error_of_fcntl(second_argument);
    if (kind.error == ENOSPC && detail::is_anonymous(target))
        return EPIPE;
    if (kind.error == ENOSPC && target.starts_with("/dev/"))
        return EIO;
    return kind.error;
}

} // namespace peers
