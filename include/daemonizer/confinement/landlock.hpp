// SPDX-License-Identifier: BSL-1.0
// Landlock: confines the daemon to the files and ports that the composition names.
#ifndef DAEMONIZER_CONFINEMENT_LANDLOCK_HPP
#define DAEMONIZER_CONFINEMENT_LANDLOCK_HPP

#include <daemonizer/compose/policy.hpp>
#include <daemonizer/confinement/confinement.hpp>
#include <daemonizer/confinement/detail/apply_landlock.hpp>
#include <daemonizer/confinement/landlock_words.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

template <class Base>
struct without_landlock : Base {
    using Base::Base;

    template <bool Supported = false>
    auto confinement() -> Confinement {
        static_assert(Supported, "daemonizer: confinement() needs the policy Landlock");
        return {};
    }
};

} // namespace detail

/// Confines nothing: its member does not compile. The default.
struct NoLandlock {
    using slot = slots::landlock;
    using steps = step_list<>;
    template <class Base>
    using members = detail::without_landlock<Base>;
};
static_assert(Policy<NoLandlock>);

/// Confines the daemon and all that it starts, for good: what is not named here is forbidden.
///
///     Landlock<ReadOnly<"/etc/clockd", "/usr/share/zoneinfo">, ReadWrite<"/var/lib/clockd">,
///              BindTcp<80>, ConnectTcp<443>, Required>
///
/// Unless a word allows it, the daemon cannot open, make, remove or execute files, cannot bind or
/// connect TCP sockets, cannot signal processes outside, and cannot connect to abstract Unix
/// sockets there. Files that are open already can be used as before: the log, the pid file's lock.
///
/// An older kernel forbids what it can, and `daemon.confinement()` says how much that is; with
/// `Required` the start fails there instead. The rights are those of Landlock ABI 7 (Linux 6.15).
/// The policy sets no_new_privs, so no execve(2) gives rights any more. The daemon opens the paths
/// when the step runs, inside the chroot and as its new user. If one cannot be opened, the start
/// fails with open(2)'s errno. Source: landlock(7).
template <class... Words>
struct Landlock {
    template <class>
    static constexpr void check() {
        static_assert((detail::landlock::is_word<Words> && ...),
                      "daemonizer: Landlock takes words such as ReadOnly, ReadWrite and BindTcp");
        static_assert(!(detail::landlock::is_strictness<Words> && ...),
                      "daemonizer: Landlock names what stays allowed, since all else is forbidden");
        static_assert((detail::landlock::names_something<Words> && ...),
                      "daemonizer: ReadOnly, ReadWrite and Execute name a path, BindTcp and "
                      "ConnectTcp a port");
        static_assert((detail::landlock::is_absolute<Words> && ...),
                      "daemonizer: a path of Landlock begins with /");
        static_assert((detail::landlock::are_ports<Words> && ...),
                      "daemonizer: a TCP port is a number from 1 to 65535");
        static_assert(rules.port_count == 0 || (parts & Confinement::tcp) != 0,
                      "daemonizer: Landlock with AnyTcp restricts no port and takes none");
        static_assert((detail::landlock::is_known_abi<Words> && ...),
                      "daemonizer: RequiredAbi takes an ABI from 1 to 7");
    }

    static constexpr bool text_is_whole = (detail::landlock::text_is_whole<Words> && ...);

    struct state {
        Confinement confinement;
    };
    struct Restrict : step<phase::identity> {
        static constexpr const char* name = "Landlock";

        static auto run(const auto& start, const Landlock& policy) -> bool {
            return detail::landlock::apply(start, wanted, start.state(policy).confinement);
        }
    };
    using slot = slots::landlock;
    using steps = step_list<Restrict>;

    /// Members of `daemon`.
    template <class Base>
    struct members : Base {
        using Base::Base;
        /// Returns what the kernel enforces of this policy. The launcher is not confined.
        auto confinement() -> Confinement {
            return this->template state_of<Landlock>().confinement;
        }
    };

private:
    static constexpr unsigned parts =
        Confinement::all & ~(0U | ... | detail::landlock::leaves<Words>);
    static constexpr detail::landlock::Rules<Words...> rules{};
    static constexpr detail::landlock::Wanted wanted{
        parts,       detail::landlock::least_abi_of<Words...>(parts),
        rules.paths, rules.path_count,
        rules.ports, rules.port_count};
};
static_assert(Policy<Landlock<ReadOnly<"/usr">, BindTcp<80>, Required>>);

} // namespace daemonizer

#endif
