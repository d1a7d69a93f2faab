// SPDX-License-Identifier: BSL-1.0
// Collected signals in threads that the program had before its start.
#ifndef DAEMONIZER_SIGNALS_DETAIL_OTHER_THREADS_HPP
#define DAEMONIZER_SIGNALS_DETAIL_OTHER_THREADS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <signal.h>
#include <sys/syscall.h>
#include <type_traits>
#include <ucontext.h>
#include <unistd.h>
#include <utility>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether the daemon may be a process that had threads before its start: none was forked.
template <class Start>
inline constexpr bool may_find_threads = [] {
    using Core = std::remove_cvref_t<decltype(std::declval<Start>().core)>;
    return Core::may_stay || !Core::template in<slots::fork>::detaches;
}();

/// The handler of a collected signal in a thread that does not block it. From now on that thread
/// does, and the signal comes again, to the process: the kernel keeps it for wait(). The default
/// action would end the daemon. Async-signal-safe.
inline void block_and_send_again(int signal, siginfo_t* info, void* context) {
    const int error = errno;
    ::sigaddset(&static_cast<ucontext_t*>(context)->uc_sigmask, signal);
    // With the value of sigqueue(3). Who has called kill(2) the kernel lets nobody repeat.
    if (::syscall(SYS_rt_sigqueueinfo, ::getpid(), signal, info) < 0)
        ::kill(::getpid(), signal);
    errno = error;
}

/// Returns what a signal that this thread has blocked does in other threads, if there may be
/// `Others`.
template <bool Others>
auto in_other_threads() -> struct sigaction {
    struct sigaction action {};
    if constexpr (Others) {
        action.sa_sigaction = block_and_send_again;
        action.sa_flags = SA_SIGINFO | SA_RESTART;
        sigfillset(&action.sa_mask);
    }
    return action;
}

} // namespace daemonizer::detail

#endif
