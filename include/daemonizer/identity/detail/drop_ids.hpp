// SPDX-License-Identifier: BSL-1.0
// Changes to another user, in an order that leaves no right behind, and proves it.
#ifndef DAEMONIZER_IDENTITY_DETAIL_DROP_IDS_HPP
#define DAEMONIZER_IDENTITY_DETAIL_DROP_IDS_HPP

#include <daemonizer/host/identity_calls.hpp>
#include <daemonizer/identity/detail/group_list.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/line_writer.hpp>
#include <daemonizer/system/missing_right.hpp>

#include <cerrno>
#include <cstddef>
#include <initializer_list>
#include <sys/types.h>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

inline constexpr auto no_id = static_cast<uid_t>(-1); // tells the kernel: leave it as it is

/// The ids that the process has now, and those that it had.
struct DroppedIds {
    uid_t user = no_id;
    gid_t group = no_id;
    Ids users_before{}, groups_before{};
};

/// The supplementary groups that are wanted, `others` as only_others leaves them, and room to
/// compare.
struct WantedGroups {
    const gid_t* list = nullptr; ///< for setgroups(2)
    std::size_t listed = 0;
    std::size_t others = 0; ///< how many of these come first, sorted
    gid_t* room = nullptr;
    std::size_t capacity = 0;
};

/// Names what a failure is about: "user 1000".
class NamedId {
public:
    NamedId(const char* kind, unsigned id) {
        LineWriter{text_, sizeof text_}.text(kind).text(" ").number(id);
    }
    auto text() const -> const char* { return text_; }

private:
    char text_[24];
};

/// Says why an id was refused. EINVAL of setresuid(2) and setgroups(2) means an id that this user
/// namespace does not know.
template <class Start>
[[gnu::cold]] auto fail_id(const Start& start, const char* what, int code, const char* needs)
    -> bool {
    if (code == -EINVAL)
        return start.fail(what, "is not mapped in this user namespace", EINVAL);
    return detail::fail_lacking(start, what, code, needs);
}

inline auto are_all(const Ids& ids, unsigned wanted) -> bool {
    return ids.real == wanted && ids.effective == wanted && ids.saved == wanted;
}

/// Sets the groups. The kernel refuses that to a process without the right, and in a user namespace
/// whose starter may not set groups. Accepts a refusal only if the groups are the wanted ones.
template <class Start>
auto drop_groups(const Start& start, gid_t group, const WantedGroups& wanted) -> bool {
    const auto& host = start.host();
    const int error = host.set_groups(wanted.listed, wanted.list);
    if (error < 0 && error != -EPERM)
        return detail::fail_id(start, "group list", error, "CAP_SETGID");
    const int right =
        detail::has_groups(host, group, wanted.list, wanted.others, wanted.room, wanted.capacity);
    if (right < 0)
        return start.fail("getgroups", right);
    if (right == 1)
        return true;
    return error < 0
               ? detail::fail_lacking(start, "group list", error,
                                      "CAP_SETGID and a user namespace that lets groups be set")
               : start.fail("group list", "is another one than was set", EPERM);
}

/// Changes the groups first, because the right to set them goes with the user. Changes all three
/// ids of each kind, because a saved one would be a way back.
template <class Start>
auto drop_ids(const Start& start, DroppedIds& ids, const WantedGroups& groups) -> bool {
    const auto& host = start.host();
    if (!start.check(host.user_ids(ids.users_before), "getresuid") ||
        !start.check(host.group_ids(ids.groups_before), "getresgid") ||
        !detail::drop_groups(start, ids.group, groups))
        return false;
    if (const int error = host.set_group_ids(ids.group, ids.group, ids.group); error < 0)
        return detail::fail_id(start, NamedId{"group", ids.group}.text(), error, "CAP_SETGID");
    if (const int error = host.set_user_ids(ids.user, ids.user, ids.user); error < 0)
        return detail::fail_id(start, NamedId{"user", ids.user}.text(), error, "CAP_SETUID");
    Ids now;
    if (!start.check(host.group_ids(now), "getresgid"))
        return false;
    if (!detail::are_all(now, ids.group))
        return start.fail(NamedId{"group", ids.group}.text(), "was not taken", EPERM);
    if (!start.check(host.user_ids(now), "getresuid"))
        return false;
    return detail::are_all(now, ids.user) ||
           start.fail(NamedId{"user", ids.user}.text(), "was not taken", EPERM);
}

/// Tries to get back what was dropped, and fails if that succeeds. Does not try what a capability
/// allows that is kept on purpose.
template <bool KeepsSetUid, bool KeepsSetGid, class Start>
auto cannot_regain(const Start& start, const DroppedIds& ids) -> bool {
    const auto& host = start.host();
    if (ids.user == 0)
        return true;
    const auto regains = [](const Ids& before, unsigned id, auto set) {
        if (id != 0 && set(0U) >= 0)
            return true;
        const unsigned olds[] = {before.real, before.effective, before.saved};
        for (const unsigned old : olds)
            if (old != 0 && old != id && set(old) >= 0)
                return true;
        return false;
    };
    if constexpr (!KeepsSetUid)
        if (regains(ids.users_before, ids.user,
                    [&](uid_t id) { return host.set_user_ids(no_id, id, no_id); }))
            return start.fail("user", "can be changed back", EPERM);
    if constexpr (!KeepsSetGid) {
        if (regains(ids.groups_before, ids.group,
                    [&](gid_t id) { return host.set_group_ids(no_id, id, no_id); }))
            return start.fail("group", "can be changed back", EPERM);
        if (host.set_groups(0, nullptr) >= 0)
            return start.fail("group list", "can be changed back", EPERM);
    }
    return true;
}

} // namespace daemonizer::detail

#endif
