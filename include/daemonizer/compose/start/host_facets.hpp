// SPDX-License-Identifier: BSL-1.0
// Which calls a host makes: a concept for each thing that a start does through it.
#ifndef DAEMONIZER_COMPOSE_START_HOST_FACETS_HPP
#define DAEMONIZER_COMPOSE_START_HOST_FACETS_HPP

#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <cstddef>
#include <poll.h>
#include <signal.h>
#include <sys/stat.h>
#include <sys/types.h>
#include <sys/wait.h>

struct flock;

namespace daemonizer::inline DAEMONIZER_ABI {

/// A call answers as PosixHost's does: what the system answers, or the negative errno. A policy may
/// make further calls; then the compiler names the one that its host lacks.

/// Opens, reads and writes: stdio, logs and pid files.
template <class T>
concept FileHost = requires(const T& host, int fd, const char* path, void* into, const void* from,
                            std::size_t size, struct stat& status, mode_t mode) {
    { host.open(fd, path, 0) } -> std::same_as<int>;
    { host.open(fd, path, 0, mode) } -> std::same_as<int>;
    { host.close(fd) } -> std::same_as<int>;
    { host.read(fd, into, size) } -> std::same_as<long>;
    { host.write(fd, from, size) } -> std::same_as<long>;
    { host.status(fd, status) } -> std::same_as<int>;
    { host.status(fd, path, status) } -> std::same_as<int>;
    { host.duplicate_onto(fd, fd) } -> std::same_as<int>;
    { host.change_directory(path) } -> std::same_as<int>;
    { host.set_umask(mode) } -> std::same_as<mode_t>;
};

/// Makes, watches and ends processes: a fork policy that detaches.
template <class T>
concept ProcessHost = requires(const T& host, pid_t process, siginfo_t& how) {
    { host.fork() } -> std::same_as<pid_t>;
    { host.new_session() } -> std::same_as<pid_t>;
    { host.pid() } -> std::same_as<pid_t>;
    { host.wait(P_PID, process, how, 0) } -> std::same_as<int>;
    { host.signal(process, 0) } -> std::same_as<int>;
    host.leave_at_once(0);
};

/// Sets dispositions and mask, and waits: signal policies, and the start while it holds signals.
template <class T>
concept SignalHost = requires(const T& host, int number, struct sigaction& action, sigset_t& set,
                              pollfd* descriptors, const timespec* limit) {
    { host.set_disposition(number, action) } -> std::same_as<int>;
    { host.disposition(number, action) } -> std::same_as<int>;
    { host.set_mask(number, set, &set) } -> std::same_as<int>;
    { host.pending_signals(set) } -> std::same_as<int>;
    { host.poll(descriptors, nfds_t{}, limit, &set) } -> std::same_as<int>;
    { host.now() } -> std::same_as<long long>;
};

/// Carries the daemon's report to the launcher: a fork policy that detaches.
template <class T>
concept ReportHost = requires(const T& host, int fd, int (&ends)[2], void* into, const void* from,
                              std::size_t size, pid_t& sender) {
    { host.socket_pair(ends) } -> std::same_as<int>;
    { host.ask_for_senders(fd) } -> std::same_as<int>;
    { host.send(fd, from, size) } -> std::same_as<long>;
    { host.receive(fd, into, size, 0) } -> std::same_as<long>;
    { host.receive_from(fd, into, size, sender) } -> std::same_as<long>;
};

/// Locks, names and removes a file: a policy that records the daemon.
template <class T>
concept LockHost = requires(const T& host, int fd, struct flock& range, const char* path,
                            void* into, const void* from, std::size_t size) {
    { host.lock(fd, 0, range) } -> std::same_as<int>;
    { host.read_at(fd, into, size, off_t{}) } -> std::same_as<long>;
    { host.write_at(fd, from, size, off_t{}) } -> std::same_as<long>;
    { host.truncate(fd) } -> std::same_as<int>;
    { host.rename(fd, path, path) } -> std::same_as<int>;
    { host.rename_to_new(fd, path, path) } -> std::same_as<int>;
    { host.unlink(fd, path) } -> std::same_as<int>;
};

} // namespace daemonizer

#endif
