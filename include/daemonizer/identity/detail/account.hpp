// SPDX-License-Identifier: BSL-1.0
// Finds, in the launcher, the ids that a user's name stands for.
#ifndef DAEMONIZER_IDENTITY_DETAIL_ACCOUNT_HPP
#define DAEMONIZER_IDENTITY_DETAIL_ACCOUNT_HPP

#include <daemonizer/identity/detail/drop_ids.hpp>
#include <daemonizer/identity/detail/name_service.hpp>
#include <daemonizer/identity/detail/user_files.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The kernel's NGROUPS_MAX since Linux 2.6.4; musl's constant is an older one.
inline constexpr std::size_t most_groups = 65536;

/// Holds the ids of a user, and the list of the user's groups in a mapping of its own. The launcher
/// finds them. The daemon, which has a copy or the same memory, uses the list and unmaps it.
struct Account {
    uid_t user = no_id;
    gid_t group = no_id;
    gid_t* groups = nullptr; ///< most_groups of them, and room for as many
    std::size_t size = 0;    ///< may be more than that, and then only the first are there

    static constexpr std::size_t bytes = 2 * most_groups * sizeof(gid_t);

    auto room() const -> gid_t* { return groups + most_groups; }
    void add(gid_t id) {
        if (size < most_groups)
            groups[size] = id;
        ++size;
    }
    template <class Host>
    void release(const Host& host) {
        if (groups != nullptr)
            host.unmap(reinterpret_cast<unsigned long>(groups), bytes);
        groups = nullptr;
    }
};

/// Says why a name was not found: `found` is 0 or a negative errno.
template <class Start>
[[gnu::cold]] auto fail_lookup(const Start& start, int found, const char* name, const char* kind,
                               const char* source) -> bool {
    if (found == -EBADMSG)
        return start.fail(name, "its line has no valid id", EBADMSG);
    return found < 0 ? start.fail(source, found) : start.fail(name, kind, ENOENT);
}

template <class Start>
auto read_user_files(const Start& start, const char* user, const char* group, Account& account)
    -> bool {
    const auto& host = start.host();
    int found = detail::find_in_passwd(host, user, account.user, account.group);
    if (found != 1)
        return detail::fail_lookup(start, found, user, "no such user", "/etc/passwd");
    found =
        detail::find_in_group(host, user, group, account.group, [&](gid_t id) { account.add(id); });
    return found == 1 || detail::fail_lookup(start, found, group, "no such group", "/etc/group");
}

template <class Start>
auto ask_name_service(const Start& start, const char* user, const char* group, Account& account)
    -> bool {
    const auto& host = start.host();
    int found = detail::find_user(host, user, account.user, account.group);
    if (found == 1 && *group != '\0') {
        found = detail::find_group(host, group, account.group);
        if (found != 1)
            return detail::fail_lookup(start, found, group, "no such group", group);
    }
    if (found != 1)
        return detail::fail_lookup(start, found, user, "no such user", user);
    account.size = detail::list_groups(user, account.group, account.groups, most_groups);
    return true;
}

/// Finds user, group ("": the user's own) and all groups that list the user; or fails the step.
template <bool UsesNameService, class Start>
auto find_account(const Start& start, const char* user, const char* group, Account& account)
    -> bool {
    if (user == nullptr || *user == '\0')
        return start.fail("user", "is empty");
    if (group == nullptr)
        return start.fail("group", "is empty");
    account.groups = static_cast<gid_t*>(start.host().map_memory(Account::bytes));
    if (account.groups == nullptr)
        return start.fail("mmap", ENOMEM);
    bool found;
    if constexpr (UsesNameService)
        found = detail::has_name_service() ? detail::ask_name_service(start, user, group, account)
                                           : detail::read_user_files(start, user, group, account);
    else
        found = detail::read_user_files(start, user, group, account);
    if (found && account.size >= most_groups) {
        start.failure.describe(user, "is in ", EINVAL)
            .number(static_cast<long long>(account.size))
            .text(" groups; the kernel takes 65536");
        found = false;
    }
    if (found)
        return true;
    account.release(start.host());
    return false;
}

} // namespace daemonizer::detail

#endif
