// SPDX-License-Identifier: BSL-1.0
// The ways of starting a daemon that are set side by side. Each is called in a process of its own,
// the launcher, and returns in the daemon alone, when that has been told to end.
#pragma once

#include "by_hand.h"
#include "marks.hpp"
#include "trace.hpp"

#include <daemonizer/daemonizer.hpp>

#include <cstddef>
#include <string>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

namespace latency {

/// Where the daemons put their files; made before the first start.
struct Files {
    std::string directory, pid, log;
};
inline Files files;

/// What the launcher carries along.
struct Burden {
    std::size_t megabytes = 0;  ///< of memory that it has written
    bool written_again = false; ///< by the daemon, before it is ready
    int descriptors = 0;        ///< inherited
};
inline Burden burden;
inline char* memory;

inline void write_memory() {
    const std::size_t page = 4096;
    for (std::size_t at = 0; at < burden.megabytes << 20; at += page)
        static_cast<volatile char*>(memory)[at] = 1;
}

inline void take_up_burden() {
    if (burden.megabytes != 0) {
        memory = static_cast<char*>(::mmap(nullptr, burden.megabytes << 20, PROT_READ | PROT_WRITE,
                                           MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
        if (memory == MAP_FAILED)
            ::_exit(1);
        write_memory();
    }
    for (int i = 0; i != burden.descriptors; ++i)
        if (::dup(2) < 0)
            ::_exit(1);
}

/// The body of every daemon here.
template <class Ready, class Wait>
void serve(Ready ready, Wait wait) {
    marks->body = now();
    if (burden.written_again) {
        write_memory();
        marks->written = now();
    }
    ready();
    marks->ready = now();
    mark_end_of_start();
    marks->daemon = ::getpid();
    wait();
}

inline void wait_for_the_end() {
    for (;;)
        ::pause();
}

/// The real host, which leaves a mark where the launcher leaves: an intermediate leaves earlier,
/// so the last mark is the launcher's.
template <class Host>
struct Marking : Host {
    [[noreturn]] static void leave_at_once(int status) {
        marks->known = now();
        Host::leave_at_once(status);
    }
};
struct MarkingHost : Marking<daemonizer::PosixHost> {
#if DAEMONIZER_HAS_RAW_CALLS
    using raw = Marking<daemonizer::detail::RawHost>;
#endif
};

template <class Policy>
auto make() -> Policy {
    return Policy{};
}
template <>
inline auto make<daemonizer::PidFile<>>() -> daemonizer::PidFile<> {
    return daemonizer::PidFile<>{files.pid.c_str()};
}
template <>
inline auto make<daemonizer::LogStdio<>>() -> daemonizer::LogStdio<> {
    return daemonizer::LogStdio<>{files.log.c_str()};
}

template <class Policy>
constexpr bool collects_term = false;
template <daemonizer::SignalPolicy Policy>
constexpr bool collects_term<Policy> = Policy::collects(SIGTERM);

template <class... Policies>
void start_ours() {
    const int status =
        daemonizer::Daemonizer{MarkingHost{}, make<Policies>()...}.run([](auto& daemon) {
            serve([&] { daemon.ready(); },
                  [&] {
                      if constexpr ((collects_term<Policies> || ...))
                          daemon.wait();
                      else
                          wait_for_the_end();
                  });
            return 0;
        });
    static_cast<void>(status); // the figures tell whether it has started
}

inline void start_by_hand(by_hand self) {
    self.log = files.log.c_str();
    self.pid_file = self.pid_file != nullptr ? files.pid.c_str() : nullptr;
    self.leaving = [] { marks->known = now(); };
    by_hand_start(&self);
    serve(by_hand_ready, by_hand_wait);
    by_hand_end(0);
}

/// daemon(3): one fork, setsid, chdir, /dev/null. It waits for nothing.
inline void start_libc() {
    if (::daemon(0, 0) == 0)
        serve([] {}, wait_for_the_end);
}

/// The floor: the system calls without which there is no daemon.
inline void start_bare(int forks) {
    for (int fork = 0; fork != forks; ++fork) {
        if (::fork() != 0)
            ::_exit(0);
        if (fork == 0)
            ::setsid();
    }
    serve([] {}, wait_for_the_end);
}

} // namespace latency
