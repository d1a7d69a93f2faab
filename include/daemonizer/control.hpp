// SPDX-License-Identifier: BSL-1.0
// Controls a running daemon by its pid file: status, signal, reload, stop and restart. What became
// of an order is a ControlResult, whose text() has the words for a user and exit_status() the
// status of an init script.
#ifndef DAEMONIZER_CONTROL_HPP
#define DAEMONIZER_CONTROL_HPP

#if __cplusplus < 202002L
#error "daemonizer needs C++20: compile with -std=c++20"
#else

// clang-format off
#include <daemonizer/system/toolchain/macros_off.hpp>
// clang-format on

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/service/control_result.hpp>
#include <daemonizer/service/detail/daemon_control.hpp>
#include <daemonizer/service/detail/started_again.hpp>
#include <daemonizer/service/service_status.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/version.hpp>

#include <concepts>
#include <signal.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// What a pid file tells: never an error, at worst `unknown` with the reason. Gives a start that is
/// under way a second to come out.
inline auto status(const char* pid_file) -> ServiceStatus {
    return detail::PidFileView{PosixHost{}, pid_file}.settled();
}

/// Sends a signal to the daemon that holds the pid file, and to no other process.
inline auto signal(const char* pid_file, int number) -> ControlResult {
    return detail::DaemonControl{PosixHost{}, pid_file}.signal(number);
}

/// SIGHUP: the daemon reads its configuration again and reopens its logs, if it collects that.
inline auto reload(const char* pid_file) -> ControlResult {
    return daemonizer::signal(pid_file, SIGHUP);
}

/// Stops the daemon: each signal of the schedule in turn, until it is gone.
inline auto stop(const char* pid_file, Schedule schedule = {{SIGTERM, 10}}) -> ControlResult {
    return detail::DaemonControl{PosixHost{}, pid_file}.stop(schedule);
}

/// Waits until the daemon is gone by itself, at most `seconds`.
inline auto wait_until_gone(const char* pid_file, int seconds) -> ControlResult {
    return detail::DaemonControl{PosixHost{}, pid_file}.wait_until_gone(seconds);
}

/// A service with a pid file: a Daemonizer whose composition has one.
template <class T>
concept Controllable = requires(const T& service) {
    { service.template option<slots::pid>().characters() } -> std::same_as<const char*>;
};

/// The path of the service's pid file; the characters are as its policy has them.
template <Controllable Service>
auto pid_file_of(const Service& service) -> const char* {
    return service.template option<slots::pid>().characters();
}

/// The characters of a path that is no pointer, such as a std::string; the caller's.
template <TextClass Path>
auto pid_file_of(const Path& path) -> const char* {
    return detail::characters_of(path);
}

/// What names a pid file: a service that has one, or a path with `c_str()`.
template <class T>
concept NamesPidFile = Controllable<T> || TextClass<T>;

namespace detail {

/// The host of a service's composition, or the system.
template <class Name>
auto host_for(const Name& name) -> const auto& {
    static constexpr PosixHost system;
    if constexpr (Controllable<Name>)
        return name.template option<slots::host>();
    else
        return system;
}
template <class Name>
auto control(const Name& name) {
    return DaemonControl{detail::host_for(name), daemonizer::pid_file_of(name)};
}

} // namespace detail

/// The same for what names a pid file otherwise, as for the functions below. The calls for a
/// service are made by its composition's host.
template <NamesPidFile Name>
auto status(const Name& name) -> ServiceStatus {
    return detail::PidFileView{detail::host_for(name), daemonizer::pid_file_of(name)}.settled();
}
template <NamesPidFile Name>
auto signal(const Name& name, int number) -> ControlResult {
    return detail::control(name).signal(number);
}
template <NamesPidFile Name>
auto reload(const Name& name) -> ControlResult {
    return daemonizer::signal(name, SIGHUP);
}
template <NamesPidFile Name>
auto stop(const Name& name, Schedule schedule = {{SIGTERM, 10}}) -> ControlResult {
    return detail::control(name).stop(schedule);
}
template <NamesPidFile Name>
auto wait_until_gone(const Name& name, int seconds) -> ControlResult {
    return detail::control(name).wait_until_gone(seconds);
}

/// Stops the daemon if there is one, and runs the service once it is gone. In a program that a
/// monitor has started again, or an upgrade, nothing is stopped. Where it does not go the
/// new one is not started: `otherwise(result)` gives the status to leave with.
template <Controllable Service, class Body, class Otherwise>
[[nodiscard]] auto restart(const Service& service, Body&& body, Otherwise otherwise,
                           Schedule schedule = {{SIGTERM, 10}}) -> int {
    if (detail::is_started_again(service))
        return service.run(body);
    const ControlResult stopped = daemonizer::stop(service, schedule);
    if (!stopped && stopped.what != ControlResult::outcome::not_running)
        return otherwise(stopped);
    return service.run(body);
}

} // namespace daemonizer

#include <daemonizer/system/toolchain/macros_on.hpp>

#endif // C++20

#endif
