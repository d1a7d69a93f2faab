// SPDX-License-Identifier: BSL-1.0
// Whether a supervisor has started this very process.
#ifndef DAEMONIZER_LAUNCH_DETAIL_SUPERVISOR_DETECTION_HPP
#define DAEMONIZER_LAUNCH_DETAIL_SUPERVISOR_DETECTION_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/launch/detail/fork_members.hpp>
#include <daemonizer/system/abi.hpp>

#include <cstdlib>
#include <sys/stat.h>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Whether the variable is this process's number: who inherits it has another one.
template <class Host>
auto names_this_process(const Host& host, const char* variable) -> bool {
    const char* text = std::getenv(variable);
    if (text == nullptr || *text == '\0')
        return false;
    long long number = 0;
    for (; *text >= '0' && *text <= '9' && number < 1LL << 40; ++text)
        number = number * 10 + (*text - '0');
    return *text == '\0' && number == host.pid();
}

/// Goes by what names this process, never by what every shell below a service inherits, such as
/// INVOCATION_ID or a parent with the number 1. `notify_descriptor` is that of a DescriptorNotify,
/// or -1.
template <class Host>
auto is_supervised(const Host& host, int notify_descriptor) -> bool {
    if (host.pid() == 1 || detail::names_this_process(host, "SYSTEMD_EXEC_PID") ||
        detail::names_this_process(host, "LISTEN_PID"))
        return true;
    const char* const socket = std::getenv("NOTIFY_SOCKET");
    if (socket != nullptr && *socket != '\0' && std::getenv("SYSTEMD_EXEC_PID") == nullptr)
        return true;
    struct stat file {};
    return notify_descriptor > 2 && host.status(notify_descriptor, file) >= 0 &&
           (S_ISFIFO(file.st_mode) || S_ISSOCK(file.st_mode));
}

/// A program that a Monitor or an upgrade executes again goes by what its first start has found. It
/// could find something else: the notify descriptor is closed by then, or another one has its
/// number.
struct SupervisorFound {
    bool is_supervised = false;
    bool is_decided = false; ///< by the first start
};

/// Looks once, before any other step has read or removed the variables.
struct DetectSupervisor : step<phase::check> {
    static constexpr const char* name = "supervisor";

    static auto run(const auto& start, const auto& policy) -> bool {
        using Start = std::remove_cvref_t<decltype(start)>;
        if (start.state(policy).is_decided)
            return true;
        int descriptor = -1;
        if constexpr (!std::is_void_v<typename Start::template in<slots::descriptor_notify>>)
            descriptor = start.template option<slots::descriptor_notify>().descriptor;
        start.state(policy).is_supervised = detail::is_supervised(start.host(), descriptor);
        return true;
    }
};

/// AutoFork in the foreground. The body may still ask.
struct SupervisedForeground {
    using slot = slots::fork;
    using steps = step_list<DetectSupervisor>;
    static constexpr bool detaches = false;

    using state = SupervisorFound;
    template <class Base>
    using members = supervised_members<Base>;
};

} // namespace daemonizer::detail

#endif
