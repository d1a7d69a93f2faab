// SPDX-License-Identifier: BSL-1.0
// Signal handlers of a library that may be unloaded.
#ifndef DAEMONIZER_SIGNALS_DETAIL_UNLOADING_HPP
#define DAEMONIZER_SIGNALS_DETAIL_UNLOADING_HPP

#include <daemonizer/system/abi.hpp>

#include <signal.h>

// Code of a program is compiled otherwise, or has a null handle.
#if defined(__PIC__) && !defined(__PIE__)
#define DAEMONIZER_MAY_BE_UNLOADED 1
extern "C" [[gnu::visibility("hidden")]] void* __dso_handle;
#else
#define DAEMONIZER_MAY_BE_UNLOADED 0
#endif

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Gives every signal that has one of the handlers its default action.
template <auto... Handlers>
void take_handlers_back() {
    const int last = SIGRTMAX;
    for (int signal = 1; signal <= last; ++signal) {
        struct sigaction now, standard{};
        standard.sa_handler = SIG_DFL;
        if (::sigaction(signal, nullptr, &now) == 0 &&
            ((reinterpret_cast<void*>(now.sa_handler) == reinterpret_cast<void*>(Handlers)) || ...))
            ::sigaction(signal, &standard, nullptr);
    }
}

/// Has dlclose(3) do that, where a library has made the start: its handlers are no code afterwards.
/// Costs nothing elsewhere.
template <auto... Handlers, class Start>
auto take_back_at_unload([[maybe_unused]] const Start& start) -> bool {
#if DAEMONIZER_MAY_BE_UNLOADED
    static bool is_registered;
    if (__dso_handle != nullptr && !is_registered) {
        if (!start.check(start.host().at_exit(take_handlers_back<Handlers...>), "atexit"))
            return false;
        is_registered = true;
    }
#endif
    return true;
}

} // namespace daemonizer::detail

#endif
