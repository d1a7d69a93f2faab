// SPDX-License-Identifier: BSL-1.0
// DenySystemCalls: takes groups of system calls away, by a seccomp filter.
#ifndef DAEMONIZER_CONFINEMENT_DENY_SYSTEM_CALLS_HPP
#define DAEMONIZER_CONFINEMENT_DENY_SYSTEM_CALLS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/confinement/detail/system_call_numbers.hpp>
#include <daemonizer/confinement/system_calls.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// A group as systemd.exec(5) has it; several lines of one key add up.
void deny_in_unit(auto& unit, system_calls group) {
    constexpr auto filter = "SystemCallFilter";
    switch (group) {
    case system_calls::mount:
        return unit.line(filter, "~@mount");
    case system_calls::module:
        return unit.line(filter, "~@module");
    case system_calls::reboot:
        return unit.line(filter, "~reboot");
    case system_calls::swap:
        return unit.line(filter, "~@swap");
    case system_calls::clock:
        return unit.line(filter, "~@clock");
    case system_calls::keyring:
        return unit.line(filter, "~@keyring");
    case system_calls::ptrace:
        return unit.line(filter, "~ptrace process_vm_readv process_vm_writev kcmp pidfd_getfd");
    case system_calls::bpf:
        return unit.line(filter, "~bpf");
    case system_calls::perf:
        return unit.line(filter, "~perf_event_open");
    case system_calls::userfaultfd:
        return unit.line(filter, "~userfaultfd");
    case system_calls::kexec:
        return unit.line(filter, "~kexec_load kexec_file_load");
    case system_calls::namespaces:
        return unit.line("RestrictNamespaces", "yes");
    }
}

} // namespace detail

/// Takes the named groups of system calls away from the daemon and from all that it starts, for
/// good: `DenySystemCalls<system_calls::mount, system_calls::module>`. These calls fail with EPERM.
/// Calls newer than the library (those after Linux 7.2) fail with ENOSYS, as on an older kernel. A
/// program of another architecture (i386 on x86-64) is killed. The policy sets no_new_privs, so no
/// execve(2) gives rights any more.
///
/// The filter is assembled at compile time; the kernel needs seccomp (CONFIG_SECCOMP_FILTER), or
/// the start fails with EINVAL. Source: seccomp(2).
template <system_calls... Groups>
struct DenySystemCalls {
    constexpr DenySystemCalls() = default;
    constexpr explicit DenySystemCalls(daemonizer::system_calls, auto...) {
        static_assert(given_as_value<DenySystemCalls>,
                      "daemonizer: DenySystemCalls takes groups as template arguments: "
                      "DenySystemCalls<system_calls::mount>");
    }

    template <class>
    static constexpr void check() {
        static_assert(sizeof...(Groups) != 0,
                      "daemonizer: DenySystemCalls names groups, such as system_calls::mount");
        static_assert(detail::knows_system_calls,
                      "daemonizer: DenySystemCalls does not know this machine's system calls");
    }

    struct Deny : step<phase::identity> {
        static constexpr const char* name = "system calls";

        static auto run(const auto& start, const auto&) -> bool {
            const auto& host = start.host();
            if (!start.check(host.set_no_new_privileges(), "PR_SET_NO_NEW_PRIVS"))
                return false;
            if (const int error = host.install_filter(filter.code, size); error < 0)
                return error == -EINVAL ? start.fail("kernel", "has no seccomp filters", EINVAL)
                                        : start.fail("seccomp", error);
            // A sandbox may answer for the kernel, and claim that all is well.
            return host.try_system_call(first_refused) == -EPERM ||
                   start.fail("seccomp", "the filter is not in force");
        }

    private:
        static constexpr auto written =
            detail::assemble_filter(detail::this_machine, detail::rules_of<Groups...>());
        static_assert(written.size != 0, "the groups fit into one filter");
        static constexpr unsigned short size = written.size;
        static constexpr detail::Filter<size> filter{written};
        static constexpr long first_refused = detail::first_refused(detail::rules_of<Groups...>());
    };
    using slot = slots::system_calls;
    using steps = step_list<Deny>;

    /// Beside Chroot a unit must not refuse chroot(2), which the program calls.
    template <class Service>
    static constexpr bool is_in_unit =
        std::is_void_v<typename Service::template policy_in<slots::chroot>>;

    /// Writes the lines of a systemd unit with the same effect.
    void unit_lines(auto& unit) const {
        (detail::deny_in_unit(unit, Groups), ...);
        unit.line("SystemCallErrorNumber", "EPERM");
        unit.line("SystemCallArchitectures", "native");
    }
};
template <class... Rest>
DenySystemCalls(daemonizer::system_calls, Rest...)
    -> DenySystemCalls<daemonizer::system_calls::mount>;
static_assert(Policy<DenySystemCalls<system_calls::mount>>);

} // namespace daemonizer

#endif
