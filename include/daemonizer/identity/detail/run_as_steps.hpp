// SPDX-License-Identifier: BSL-1.0
// The steps of RunAs: the account is found in the launcher, and its ids are taken in the daemon.
#ifndef DAEMONIZER_IDENTITY_DETAIL_RUN_AS_STEPS_HPP
#define DAEMONIZER_IDENTITY_DETAIL_RUN_AS_STEPS_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/identity/detail/account.hpp>
#include <daemonizer/identity/detail/drop_capabilities.hpp>
#include <daemonizer/identity/detail/drop_ids.hpp>
#include <daemonizer/system/abi.hpp>

#include <cerrno>
#include <cstddef>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Holds what a RunAs with names has found.
struct NamedIds : DroppedIds {
    using dropped_ids = DroppedIds;
    Account account;

    static void each_text(auto) {} // its undo reads none
};

/// Finds the account, and the list of groups, in the launcher: a wrong name is said at the
/// terminal, and a chroot does not hide the files yet. Before the pid file's steps: whoever
/// interrupts a lookup that hangs leaves nothing behind.
template <bool UsesNameService>
struct FindAccount : undoable_step<phase::check> {
    static constexpr const char* name = "run as";
    static constexpr bool ends_with_process = true;

    static auto run(const auto& start, const auto& policy) -> bool {
        auto& state = start.state(policy);
        Account& account = state.account;
        const auto find = [&] {
            return detail::find_account<UsesNameService>(start, policy.user(), policy.group(),
                                                         account);
        };
        // A directory service that does not answer would hold the start for minutes.
        const auto* const held = start.held_signals();
        if (!(held != nullptr ? held->interruptibly(start.host(), find) : find()))
            return false;
        state.user = account.user;
        state.group = account.group;
        if (account.user != no_id && account.group != no_id)
            return true;
        account.release(start.host());
        return start.fail(policy.user(), "has the id 4294967295, which stands for none", EINVAL);
    }
    static void undo(const auto& host, const auto&, auto& state) { state.account.release(host); }
    static void drop_launcher_copy(const auto& host, const auto&, auto& state) {
        state.account.release(host);
    }
};

/// Changes the ids, and drops the capabilities where no policy keeps some: the kernel takes those
/// of root, but not those of a starter that is another user.
struct TakeIds : step<phase::identity> {
    static constexpr const char* name = "run as";

    template <class Start>
    static auto run(const Start& start, const auto& policy) -> bool {
        auto& state = start.state(policy);
        if (!take(start, state))
            return false;
        if constexpr (std::is_void_v<typename Start::template in<slots::keep_capabilities>>)
            return (state.user == 0 || detail::reduce_capabilities(start, 0)) &&
                   detail::forget_keeping(start) &&
                   detail::cannot_regain<false, false>(start, state);
        else
            return true; // KeepCapabilities drops them afterwards
    }

private:
    static auto take(const auto& start, NamedIds& ids) -> bool {
        Account& account = ids.account;
        const std::size_t others = detail::only_others(account.groups, account.size, ids.group);
        account.groups[others] = ids.group; // as initgroups(3) lists it
        const bool taken = detail::drop_ids(
            start, ids, {account.groups, others + 1, others, account.room(), most_groups});
        account.release(start.host());
        return taken;
    }
    static auto take(const auto& start, DroppedIds& ids) -> bool {
        gid_t room[32]; // enough: where there are more, they are not the one group that it may have
        return detail::drop_ids(start, ids, {nullptr, 0, 0, room, sizeof room / sizeof *room});
    }
};

} // namespace daemonizer::detail

#endif
