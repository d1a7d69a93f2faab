// SPDX-License-Identifier: BSL-1.0
// RunAs: makes the daemon another user.
#ifndef DAEMONIZER_IDENTITY_RUN_AS_HPP
#define DAEMONIZER_IDENTITY_RUN_AS_HPP

#include <daemonizer/compose/text.hpp>
#include <daemonizer/identity/detail/run_as_steps.hpp>
#include <daemonizer/identity/keep_capabilities.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// A program that is linked dynamically looks names up by libc's name service (NSS), which may
/// allocate. A static program reads /etc/passwd and /etc/group.
struct NameService {};
/// Looks names up in /etc/passwd and /etc/group alone.
struct UserFiles {};

namespace detail {

struct ByNumber {};

template <fixed_string User, fixed_string Group>
struct AccountNames {
    static constexpr auto user() -> const char* { return User.characters; }
    static constexpr auto group() -> const char* { return Group.characters; }
};
template <fixed_string User, fixed_string Group>
    requires(sizeof(User.characters) == 1)
struct AccountNames<User, Group> {
    const char* user_name;
    const char* group_name;
    constexpr auto user() const -> const char* { return user_name; }
    constexpr auto group() const -> const char* { return group_name; }
};

} // namespace detail

/// Makes the daemon another user. It changes the user, the group, and the list of groups to those
/// that name the user; of each all ids (real, effective, saved, file system). The capabilities go
/// as well, but for those of KeepCapabilities. The daemon reads all of it back and tries to get it
/// back: a daemon that has or gets more rights than these does not start.
///
/// `RunAs<"user", "group">`, or `RunAs{user, group}`, whose characters the caller owns until the
/// start is over; without a group it is the user's own. `RunAs{uid, gid}` takes numbers, looks
/// nothing up, and leaves the list of groups empty. If the program runs as that user already (root,
/// too) and has these groups, RunAs gives up nothing and needs no right.
///
/// Fails as step "run as": ENOENT for a user or group that does not exist; EINVAL for a user in
/// more groups than the kernel takes, and for an id that is 4294967295 or not mapped in this user
/// namespace; EPERM without CAP_SETGID or CAP_SETUID. Where the kernel refuses setgroups(2), the
/// start goes on if the groups are the wanted ones already. Source: credentials(7),
/// user_namespaces(7).
template <fixed_string User = "", fixed_string Group = "", class Lookup = NameService>
struct RunAs : detail::AccountNames<User, Group> {
    static constexpr bool at_run_time = sizeof(User.characters) == 1;
    static constexpr bool text_is_whole = User.ends_once() && Group.ends_once();

    constexpr RunAs() requires(!at_run_time) = default;
    constexpr explicit RunAs(TextArgument user, TextArgument group = "") requires at_run_time
        : detail::AccountNames<User, Group>{user.characters(), group.characters()} {}
    template <class... Wrong>
        requires(at_run_time && (sizeof...(Wrong) == 0 || sizeof...(Wrong) > 2))
    constexpr explicit RunAs(const Wrong&...) : detail::AccountNames<User, Group>{"", ""} {
        static_assert(
            given_as_value<Wrong...>,
            "daemonizer: RunAs takes a user, or user and group: RunAs{\"user\", \"group\"}, "
            "RunAs{uid, gid}");
    }

    template <class>
    static constexpr void check() {
        static_assert(!at_run_time || sizeof(Group.characters) == 1,
                      "daemonizer: RunAs takes a user, or user and group; not a group alone");
        static_assert(std::same_as<Lookup, NameService> || std::same_as<Lookup, UserFiles>,
                      "daemonizer: RunAs looks names up by NameService or UserFiles");
    }
    using state = detail::NamedIds;
    using slot = slots::run_as;
    using steps =
        step_list<detail::OneThreadDrops, detail::FindAccount<std::same_as<Lookup, NameService>>,
                  detail::BoundCapabilities<true>, detail::TakeIds>;

    /// A unit must not drop the rights that the program drops itself: it opens the pid file and the
    /// logs with them.
    template <class Service>
    static constexpr bool is_in_unit = false;

    void unit_lines(auto& unit) const {
        unit.line("User", this->user());
        if (*this->group() != '\0')
            unit.line("Group", this->group());
    }
};

/// The form with numbers, `RunAs{uid, gid}`. It looks nothing up.
template <>
struct RunAs<"", "", detail::ByNumber> {
    uid_t user;  ///< of the daemon
    gid_t group; ///< of the daemon, its only one

    /// Takes any integer type. A number out of range is not cut: the start fails.
    template <std::integral U, std::integral G>
    constexpr RunAs(U uid, G gid) : user{id(uid)}, group{id(gid)} {}

    struct state : detail::DroppedIds {
        using dropped_ids = detail::DroppedIds;
    };
    struct CheckIds : step<phase::check> {
        static constexpr const char* name = "run as";

        static auto run(const auto& start, const RunAs& policy) -> bool {
            if (policy.user == detail::no_id)
                return start.fail("user", "is no id from 0 to 4294967294", EINVAL);
            if (policy.group == detail::no_id)
                return start.fail("group", "is no id from 0 to 4294967294", EINVAL);
            auto& state = start.state(policy);
            state.user = policy.user;
            state.group = policy.group;
            return true;
        }
    };
    using slot = slots::run_as;
    using steps = step_list<detail::OneThreadDrops, CheckIds, detail::BoundCapabilities<true>,
                            detail::TakeIds>;

    /// For the same reason as with names.
    template <class Service>
    static constexpr bool is_in_unit = false;

    void unit_lines(auto& unit) const {
        unit.number("User", user);
        unit.number("Group", group);
    }

private:
    template <class Integer>
    static constexpr auto id(Integer value) -> uid_t {
        return value < 0 || static_cast<unsigned long long>(value) > detail::no_id
                   ? detail::no_id
                   : static_cast<uid_t>(value);
    }
};

RunAs(TextArgument)->RunAs<>;
RunAs(TextArgument, TextArgument)->RunAs<>;
template <std::integral U, std::integral G>
RunAs(U, G) -> RunAs<"", "", detail::ByNumber>;

static_assert(Policy<RunAs<"user", "group">> && Policy<RunAs<>> && Policy<decltype(RunAs{0, 0})>);

} // namespace daemonizer

#endif
