// SPDX-License-Identifier: BSL-1.0
// Whether main() runs for a service that runs already, and not for a user's order.
#ifndef DAEMONIZER_SERVICE_DETAIL_STARTED_AGAIN_HPP
#define DAEMONIZER_SERVICE_DETAIL_STARTED_AGAIN_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/start/options.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/toolchain/handover_variable.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether a policy executes the program again, with the arguments of the first start.
template <class Policy>
inline constexpr bool executes_again = requires {
    Policy::restarts;
}
|| requires(typename state_type<Policy>::type& state) { state.is_continued; };

/// True in a program that its monitor has started again, or that an upgrade has executed. If its
/// arguments say `restart`, the restart is over, and the program would stop its own service. If a
/// stranger sets the variable, a restart becomes a start, which the pid file refuses.
template <class Service>
auto is_started_again([[maybe_unused]] const Service& service) -> bool {
    using Monitoring = typename Service::template policy_in<slots::monitor>;
    using Upgrading = typename Service::template policy_in<slots::upgrade>;
    if constexpr (executes_again<Monitoring> || executes_again<Upgrading>) {
        return detail::find_handover(service.template option<slots::host>()) >= 0;
    } else {
        return false;
    }
}

} // namespace daemonizer::detail

#endif
