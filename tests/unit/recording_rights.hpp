// SPDX-License-Identifier: BSL-1.0
// A small model of what the kernel lets a process do with its ids, capabilities and limits.
#ifndef DAEMONIZER_TESTS_RECORDING_RIGHTS_HPP
#define DAEMONIZER_TESTS_RECORDING_RIGHTS_HPP

#include <daemonizer/host/identity_calls.hpp>

#include <algorithm>
#include <cerrno>
#include <cstdint>
#include <map>
#include <vector>

namespace recording {

/// What a process may do: at first, all.
struct Rights {
    static constexpr int last_capability = 40;
    static constexpr std::uint64_t all = (std::uint64_t{1} << (last_capability + 1)) - 1;

    daemonizer::detail::Ids users, group_ids;
    std::vector<gid_t> groups{0, 4};
    daemonizer::detail::CapabilitySets sets{all, all, 0};
    std::uint64_t bounding = all, ambient = 0;
    int secure_bits = 0;
    bool has_no_new_privileges = false, is_dumpable = true;
    std::map<int, rlimit> limits;

    // To be scripted: a kernel, or a sandbox, that is not as it should be.
    bool groups_are_denied = false; ///< /proc/self/setgroups says deny
    bool changes_nothing = false;   ///< every change answers 0 and is none
    bool forbids_nothing = false;

    auto may(int capability) const -> bool {
        return forbids_nothing || (sets.effective >> capability & 1) != 0;
    }
    auto set_groups(const std::vector<gid_t>& list) -> int {
        if (!may(6) || groups_are_denied)
            return -EPERM;
        if (!changes_nothing)
            groups = list;
        std::sort(groups.begin(), groups.end());
        return 0;
    }
    auto set_ids(daemonizer::detail::Ids& ids, daemonizer::detail::Ids to, int capability) -> int {
        const auto before = ids;
        for (unsigned* const id : {&to.real, &to.effective, &to.saved}) {
            const bool is_own =
                *id == before.real || *id == before.effective || *id == before.saved;
            if (*id != ~0U && !is_own && !may(capability))
                return -EPERM;
        }
        if (changes_nothing)
            return 0;
        ids.real = to.real == ~0U ? before.real : to.real;
        ids.effective = to.effective == ~0U ? before.effective : to.effective;
        ids.saved = to.saved == ~0U ? before.saved : to.saved;
        return 0;
    }
    auto set_users(daemonizer::detail::Ids to) -> int {
        const bool was_root = users.effective == 0;
        const int error = set_ids(users, to, 7);
        if (error == 0 && was_root && users.effective != 0) {
            sets.effective = ambient = 0;
            if ((secure_bits & 16) == 0)
                sets.permitted = 0;
            is_dumpable = false;
        }
        return error;
    }
    auto set_capabilities(daemonizer::detail::CapabilitySets to) -> int {
        if (forbids_nothing)
            to.permitted &= all;
        else if ((to.permitted & ~sets.permitted) != 0 || (to.effective & ~to.permitted) != 0)
            return -EPERM;
        if (!changes_nothing)
            sets = to;
        ambient &= sets.permitted & sets.inheritable;
        return 0;
    }
    auto set_limit(int resource, const rlimit& to) -> int {
        if (limits.count(resource) == 0)
            limits[resource] = {1024, 4096};
        if (to.rlim_max > limits[resource].rlim_max && !may(24))
            return -EPERM;
        limits[resource] = to;
        return 0;
    }
};

} // namespace recording

#endif
