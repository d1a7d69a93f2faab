// SPDX-License-Identifier: BSL-1.0
// How far a start has come, as its daemon tells the launcher, who shows it.
#ifndef DAEMONIZER_LAUNCH_DETAIL_STATUS_REPORT_HPP
#define DAEMONIZER_LAUNCH_DETAIL_STATUS_REPORT_HPP

#include <daemonizer/compose/event.hpp>
#include <daemonizer/compose/start/status_line.hpp>
#include <daemonizer/launch/detail/startup_report.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Shows what has arrived, if it is the word of a status; null removes the line that is shown.
template <class Host>
using TakeStatus = bool (*)(const Host& host, const char* program, Report* report);

/// Null in a program that nowhere names status(): its launcher has no other code for such a word,
/// which is to it as any that cannot be understood.
template <class Host>
[[gnu::visibility("hidden")]] inline TakeStatus<Host> take_status = nullptr;

template <class Host>
[[gnu::visibility("hidden")]] auto take_status_report(const Host& host, const char* program,
                                                      Report* report) -> bool {
    if (report != nullptr && !StatusReport::is_in(*report))
        return false;
    detail::write_status_line(host, 2, program,
                              report == nullptr ? nullptr : StatusReport::text_in(*report));
    return true;
}

/// Hands what the daemon has to say to its manager to the policy that speaks to that. False where
/// it is something else.
template <class Host, class Core>
[[gnu::visibility("hidden")]] auto pass_to_manager([[maybe_unused]] const Host& host,
                                                   [[maybe_unused]] Core& core,
                                                   [[maybe_unused]] Report& report) -> bool {
    if constexpr (Core::template wants<event::for_manager>) {
        if (StatusReport::is_for_manager(report)) {
            core.tell(host, event::for_manager{StatusReport::text_in(report)});
            return true;
        }
    }
    return false;
}

/// Puts the function there before main() begins: the launcher is another process than the one that
/// says the status.
template <class Host>
struct StatusIsTaken {
    [[gnu::visibility("hidden")]] static inline const bool value =
        (take_status<Host> = take_status_report<Host>) != nullptr;
};

} // namespace daemonizer::detail

#endif
