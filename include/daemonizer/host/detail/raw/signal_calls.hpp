// SPDX-License-Identifier: BSL-1.0
// A launcher's system calls for signals, waiting and clocks, without libc.
#ifndef DAEMONIZER_HOST_DETAIL_RAW_SIGNAL_CALLS_HPP
#define DAEMONIZER_HOST_DETAIL_RAW_SIGNAL_CALLS_HPP

#include <daemonizer/host/detail/raw/raw_call.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS
#include <ctime>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <sys/syscall.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A part of RawHost. Each call answers what the kernel answers: a negative errno where it fails.
/// All are async-signal-safe.
struct RawSignalCalls {
    /// Only the handler counts, and `to` has none: the kernel would want more for one that returns.
    [[gnu::visibility("hidden")]] static auto set_disposition(int number,
                                                              const struct sigaction& to) -> int {
        struct sigaction before;
        return set_disposition(number, to, before);
    }
    [[gnu::visibility("hidden")]] static auto
    set_disposition(int number, const struct sigaction& to, struct sigaction& before) -> int {
        const KernelAction action{to.sa_handler};
        KernelAction was{};
        const long answer = detail::raw_call(SYS_rt_sigaction, number, RawCall::of(&action),
                                             RawCall::of(&was), RawCall::size_of_mask);
        before.sa_handler = was.handler;
        return static_cast<int>(answer);
    }
    [[gnu::visibility("hidden")]] static auto disposition(int number, struct sigaction& now)
        -> int {
        KernelAction is{};
        const long answer =
            detail::raw_call(SYS_rt_sigaction, number, 0, RawCall::of(&is), RawCall::size_of_mask);
        now.sa_handler = is.handler;
        return static_cast<int>(answer);
    }
    [[gnu::visibility("hidden")]] static auto set_mask(int how, const sigset_t& mask) -> int {
        return static_cast<int>(detail::raw_call(SYS_rt_sigprocmask, how, RawCall::of(&mask), 0,
                                                 RawCall::size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto pending_signals(sigset_t& set) -> int {
        return static_cast<int>(
            detail::raw_call(SYS_rt_sigpending, RawCall::of(&set), RawCall::size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto take_signal(const sigset_t& set) -> int {
        const timespec at_once{};
        return static_cast<int>(RawCall::again(SYS_rt_sigtimedwait, RawCall::of(&set), 0,
                                               RawCall::of(&at_once), RawCall::size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto signal_descriptor(const sigset_t& mask) -> int {
        return static_cast<int>(detail::raw_call(SYS_signalfd4, -1, RawCall::of(&mask),
                                                 RawCall::size_of_mask, SFD_CLOEXEC));
    }
    [[gnu::visibility("hidden")]] static auto poll(pollfd* set, nfds_t size, const timespec* limit,
                                                   const sigset_t* mask) -> int {
        timespec left{}; // the kernel writes what is left of the time
        if (limit != nullptr)
            left = *limit;
        return static_cast<int>(detail::raw_call(
            SYS_ppoll, RawCall::of(set), static_cast<long>(size),
            limit != nullptr ? RawCall::of(&left) : 0, RawCall::of(mask), RawCall::size_of_mask));
    }
    [[gnu::visibility("hidden")]] static auto now() -> long long {
        timespec time{};
        detail::raw_call(SYS_clock_gettime, CLOCK_MONOTONIC, RawCall::of(&time));
        return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
    }
    [[gnu::visibility("hidden")]] static auto wall_clock() -> long long {
        timespec time{};
        detail::raw_call(SYS_clock_gettime, CLOCK_REALTIME, RawCall::of(&time));
        return time.tv_sec;
    }

private:
    /// Has the size of what rt_sigaction(2) takes, or a little more.
    struct KernelAction {
        void (*handler)(int);
        long rest[3]{};
    };
};

} // namespace daemonizer::detail
#endif

#endif
