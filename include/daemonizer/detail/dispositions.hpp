// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_DISPOSITIONS_HPP
#define DAEMONIZER_DETAIL_DISPOSITIONS_HPP

#include <daemonizer/policy.hpp>

#include <signal.h>

namespace daemonizer::detail {

template <int... Signals>
constexpr bool can_be_collected =
    ((Signals > 0 && Signals < NSIG && Signals != SIGKILL && Signals != SIGSTOP) && ...);

template <int... Signals>
auto signal_set() -> sigset_t {
    sigset_t set;
    sigemptyset(&set);
    (sigaddset(&set, Signals), ...);
    return set;
}

/// Every disposition default, then the mask exactly `Blocked...`. In this order: a signal that was
/// blocked with a handler of the program's must not run it on the way.
template <int... Blocked>
struct ResetSignals : step<phase::signals> {
    static constexpr const char* name = "signals";
    using gives = capabilities<capability::dispositions>;

    static auto run(const auto& start, const auto&) -> bool {
        struct sigaction standard {};
        standard.sa_handler = SIG_DFL;
        // libc keeps the numbers between 31 and SIGRTMIN for itself.
        const int last = SIGRTMAX, first_of_real_time = SIGRTMIN;
        for (int signal = 1; signal <= last; ++signal) {
            if (signal == SIGKILL || signal == SIGSTOP ||
                (signal > 31 && signal < first_of_real_time))
                continue;
            if (!start.check(start.host().set_disposition(signal, standard), "sigaction"))
                return false;
        }
        return start.check(start.host().set_mask(SIG_SETMASK, signal_set<Blocked...>()),
                           "sigprocmask");
    }
};

/// The parts of a time, from anything like std::chrono::duration, without its header.
template <class Duration>
auto nanoseconds(const Duration& duration) -> long long {
    using period = typename Duration::period;
    constexpr auto most = 9'000'000'000.0; // seconds, some 285 years: what 64 bits of ns hold
    const double seconds = static_cast<double>(duration.count()) *
                           static_cast<double>(period::num) / static_cast<double>(period::den);
    if (!(seconds > 0))
        return 0;
    return static_cast<long long>((seconds < most ? seconds : most) * 1e9);
}

} // namespace daemonizer::detail

#endif
