// SPDX-License-Identifier: BSL-1.0
// NoNewPrivileges: execve(2) gives the daemon no rights any more.
#ifndef DAEMONIZER_IDENTITY_NO_NEW_PRIVILEGES_HPP
#define DAEMONIZER_IDENTITY_NO_NEW_PRIVILEGES_HPP

#include <daemonizer/identity/detail/one_thread_drops.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Neither the daemon nor a program that it starts gains rights any more from a set-user-ID file or
/// from file capabilities; there is no way back. The policy itself needs no right.
/// Fails as step "new privileges" with prctl(2)'s errno. Source: PR_SET_NO_NEW_PRIVS, prctl(2).
struct NoNewPrivileges {
    /// Runs after the user and the capabilities, and before Landlock and seccomp, which may need
    /// it.
    struct Renounce : step<phase::identity> {
        static constexpr const char* name = "new privileges";
        static auto run(const auto& start, const auto&) -> bool {
            const auto& host = start.host();
            if (!start.check(host.set_no_new_privileges(), "PR_SET_NO_NEW_PRIVS"))
                return false;
            return host.has_no_new_privileges() == 1 ||
                   start.fail("PR_SET_NO_NEW_PRIVS", "is not set in spite of it");
        }
    };
    using slot = slots::no_new_privileges;
    using steps = step_list<detail::OneThreadDrops, Renounce>;

    void unit_lines(auto& unit) const { unit.line("NoNewPrivileges", "yes"); }
};
static_assert(Policy<NoNewPrivileges>);

} // namespace daemonizer

#endif
