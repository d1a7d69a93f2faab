// SPDX-License-Identifier: BSL-1.0
// The name by which ps, pgrep and the kernel's log know the daemon.
#ifndef DAEMONIZER_PROCESS_PROCESS_NAME_HPP
#define DAEMONIZER_PROCESS_PROCESS_NAME_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/compose/text.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Names the daemon's process, in at most 15 bytes: what /proc/PID/comm, pgrep and `ps -o comm`
/// show. The arguments that `ps -o args` shows stay: the program may still read them.
/// Fails as step "process name" with prctl(2)'s errno.
template <fixed_string Name>
struct ProcessName {
    constexpr ProcessName() = default;
    constexpr explicit ProcessName(const char*) {
        static_assert(
            given_as_value<ProcessName>,
            "daemonizer: ProcessName takes its name as template argument: ProcessName<\"name\">");
    }

    static constexpr bool text_is_whole = Name.ends_once();
    template <class>
    static constexpr void check() {
        static_assert(sizeof(Name.characters) > 1 && sizeof(Name.characters) <= 16,
                      "daemonizer: ProcessName takes a name of 1 to 15 bytes");
    }
    /// Runs in the daemon alone: the launcher keeps the name that its user typed.
    struct Set : step<phase::session> {
        static constexpr const char* name = "process name";
        static auto run(const auto& start, const auto&) -> bool {
            return start.check(start.host().name_process(Name.characters), Name.characters);
        }
    };
    using slot = slots::process_name;
    using steps = step_list<Set>;
};
ProcessName(const char*)->ProcessName<"x">;
static_assert(Policy<ProcessName<"x">>);

} // namespace daemonizer

#endif
