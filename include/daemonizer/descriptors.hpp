// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DESCRIPTORS_HPP
#define DAEMONIZER_DESCRIPTORS_HPP

#include <daemonizer/detail/close_descriptors.hpp>
#include <daemonizer/policy.hpp>

namespace daemonizer {

/// Inherited descriptors stay open.
struct KeepDescriptors {
    using slot = slots::descriptors;
    using steps = step_list<>;
};
static_assert(Policy<KeepDescriptors>);

/// Closes all descriptors above 2 (APUE 13.3 rule 5; daemon(7) step 1) but the named ones, which
/// need not be open, and those that the composition itself holds. With close_range(2); where that
/// is missing or forbidden, by what /proc/self/fd lists; without /proc one by one up to a bound.
template <int... Keep>
struct CloseDescriptors {
    template <class>
    static constexpr void check() {
        static_assert(
            ((Keep > 2) && ...),
            "daemonizer: CloseDescriptors leaves 0-2 to the stdio policy; name those above 2");
    }

    struct Close : step<phase::descriptors> {
        static constexpr const char* name = "descriptors";

        static auto run(const auto& start, const auto&) -> bool {
            detail::SparedDescriptors<sizeof...(Keep) + own> spared;
            (spared.add(Keep), ...);
            start.core.each_descriptor([&](int fd) { spared.add(fd); });
            return start.check(detail::close_all_but(start.host(), spared), "close");
        }

    private:
        static constexpr unsigned own = 16; // more than all policies of a composition hold
    };
    using slot = slots::descriptors;
    using steps = step_list<Close>;
};
static_assert(Policy<CloseDescriptors<>>);

} // namespace daemonizer

#endif
