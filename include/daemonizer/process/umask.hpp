// SPDX-License-Identifier: BSL-1.0
// Umask and KeepUmask: which permissions new files lack.
#ifndef DAEMONIZER_PROCESS_UMASK_HPP
#define DAEMONIZER_PROCESS_UMASK_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/system/abi.hpp>

#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Leaves the starter's umask.
struct KeepUmask {
    using slot = slots::umask;
    using steps = step_list<>;
};
static_assert(Policy<KeepUmask>);

/// Sets the umask (APUE 13.3 rule 1). 022 by default, and never 0 unless asked for: what a daemon
/// creates is not for everybody to write to.
///
/// 22, 27 and 77 are refused: these decimal numbers are 026, 033 and 0115. `Umask<026, true>` says
/// that such a mask is meant. Cannot fail. Source: umask(2).
template <mode_t Mask = 022, bool IsMeant = false>
struct Umask {
    constexpr Umask() = default;
    constexpr explicit Umask(long long) {
        static_assert(given_as_value<Umask>,
                      "daemonizer: Umask takes its mask as template argument: Umask<022>");
    }

    template <class>
    static constexpr void check() {
        static_assert(Mask <= 0777, "daemonizer: a umask has the nine permission bits only");
        static_assert(IsMeant || (Mask != 22 && Mask != 27 && Mask != 77),
                      "daemonizer: a umask is octal: Umask<022> and not Umask<22>, which is 026");
    }

    static constexpr mode_t mask = Mask; ///< what the daemon has

    struct Set : step<phase::session> {
        static constexpr const char* name = "umask";
        static auto run(const auto& start, const auto&) -> bool {
            start.host().set_umask(Mask); // cannot fail
            return true;
        }
    };
    using slot = slots::umask;
    using steps = step_list<Set>;

    void unit_lines(auto& unit) const {
        constexpr mode_t of_systemd = 022;
        const char digits[] = {'0', static_cast<char>('0' + (Mask >> 6)),
                               static_cast<char>('0' + (Mask >> 3 & 7)),
                               static_cast<char>('0' + (Mask & 7)), '\0'};
        if (Mask != of_systemd)
            unit.line("UMask", digits);
    }
};
Umask(long long)->Umask<>;
static_assert(Policy<Umask<>>);

} // namespace daemonizer

#endif
