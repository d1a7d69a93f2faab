// SPDX-License-Identifier: BSL-1.0
// KeepCapabilities: the capabilities that the daemon keeps when it gives up the others.
#ifndef DAEMONIZER_IDENTITY_KEEP_CAPABILITIES_HPP
#define DAEMONIZER_IDENTITY_KEEP_CAPABILITIES_HPP

#include <daemonizer/identity/detail/capability_names.hpp>
#include <daemonizer/identity/detail/drop_capabilities.hpp>
#include <daemonizer/identity/detail/drop_ids.hpp>
#include <daemonizer/identity/detail/one_thread_drops.hpp>
#include <daemonizer/system/abi.hpp>

#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

namespace detail {

/// Reduces the bounding set. That needs CAP_SETPCAP, so it comes before RunAs changes the user, and
/// RunAs has this step in its list, too. `BesideRunAs` says which of the two lists it stands in.
template <bool BesideRunAs>
struct BoundCapabilities : step<phase::identity> {
    static constexpr const char* name = "capabilities";

    template <class Start>
    static auto run(const Start& start, const auto&) -> bool {
        using Capabilities = typename Start::template in<slots::keep_capabilities>;
        constexpr bool has_run_as = !std::is_void_v<typename Start::template in<slots::run_as>>;
        if constexpr (!std::is_void_v<Capabilities> && has_run_as == BesideRunAs)
            return Capabilities::bound(start);
        else
            return true;
    }
};

} // namespace detail

/// Keeps the named capabilities, such as `KeepCapabilities<CAP_NET_BIND_SERVICE>`, and no other, in
/// every set: permitted, effective, inheritable, bounding, ambient. So a program that the daemon
/// executes has them as well, and cannot get more. `KeepCapabilities<>` keeps none. Beside RunAs
/// they outlast the change of user. Fails as step "capabilities" with the errno of capset(2) or
/// prctl(2): EPERM if the starter lacks one that is to be kept, or CAP_SETPCAP.
/// Source: capabilities(7).
template <int... Keep>
struct KeepCapabilities {
    constexpr KeepCapabilities() = default;
    constexpr explicit KeepCapabilities(int, auto...) {
        static_assert(given_as_value<KeepCapabilities>,
                      "daemonizer: KeepCapabilities takes capabilities as template arguments: "
                      "KeepCapabilities<CAP_SYS_TIME>");
    }

    template <class>
    static constexpr void check() {
        static_assert(((Keep >= 0 && Keep < detail::most_capabilities) && ...),
                      "daemonizer: KeepCapabilities takes capabilities such as CAP_SYS_TIME");
    }
    /// The set that is kept, a bit for each capability.
    static constexpr std::uint64_t kept =
        (std::uint64_t{0} | ... | detail::bit_of(Keep & (detail::most_capabilities - 1)));

    /// Checks, before the change of user, that the kept capabilities are there, and has them
    /// survive it. Returns false where the start has failed.
    template <class Start>
    static auto bound(const Start& start) -> bool {
        const auto& host = start.host();
        detail::CapabilitySets now;
        if (!start.check(host.capabilities(now), "capget") || !(has<Keep>(start, now) && ...))
            return false;
        if constexpr (sizeof...(Keep) != 0)
            if (!start.check(host.keep_capabilities(true), "PR_SET_KEEPCAPS"))
                return false;
        return detail::reduce_bounding_set(start, kept);
    }

    /// Runs after RunAs, because a change of user clears the effective and the ambient set.
    struct Reduce : step<phase::identity> {
        static constexpr const char* name = "capabilities";

        template <class Start>
        static auto run(const Start& start, const auto&) -> bool {
            const auto& host = start.host();
            if (!detail::reduce_capabilities(start, kept) ||
                !start.check(host.clear_ambient(), "ambient set") ||
                !(start.check(host.raise_ambient(Keep), name_of<Keep>()) && ...) ||
                !are_kept(start, "ambient set", [&](int c) { return host.is_ambient(c); }) ||
                !are_kept(start, "bounding set",
                          [&](int c) { return host.is_in_bounding_set(c); }) ||
                !detail::forget_keeping(start))
                return false;
            using RunAs = typename Start::template in<slots::run_as>;
            if constexpr (requires { typename RunAs::state::dropped_ids; })
                return detail::cannot_regain<(kept & detail::bit_of(7)) != 0,
                                             (kept & detail::bit_of(6)) != 0>(
                    start, start.core.template state<RunAs>());
            else
                return true;
        }

    private:
        template <class Has>
        static auto are_kept(const auto& start, const char* what, Has has) -> bool {
            return detail::each_capability(start, what, has, [&](int c, bool is_in) {
                return is_in == ((kept & detail::bit_of(c)) != 0) ||
                       start.fail(what, "has others than were kept", EPERM);
            });
        }
    };
    using slot = slots::keep_capabilities;
    using steps = step_list<detail::OneThreadDrops, detail::BoundCapabilities<false>, Reduce>;

    /// A unit must not drop the rights that the program drops itself: it opens the pid file and the
    /// logs with them.
    template <class Service>
    static constexpr bool is_in_unit = false;

    void unit_lines(auto& unit) const {
        char text[1024];
        detail::LineWriter line{text, sizeof text};
        [[maybe_unused]] const char* space = "";
        ((line.text(space).text(name_of<Keep>()), space = " "), ...);
        unit.line("CapabilityBoundingSet", text);
        unit.line("AmbientCapabilities", text);
    }

private:
    template <int Capability>
    static constexpr auto name_of() -> const char* {
        constexpr const char* name = detail::capability_name(Capability);
        return name != nullptr ? name : "a capability";
    }
    template <int Capability>
    static auto has(const auto& start, const detail::CapabilitySets& now) -> bool {
        return (now.permitted & detail::bit_of(Capability)) != 0 ||
               start.fail(name_of<Capability>(), "is not there to be kept", EPERM);
    }
};
template <class... Rest>
KeepCapabilities(int, Rest...) -> KeepCapabilities<>;
static_assert(Policy<KeepCapabilities<>> && Policy<KeepCapabilities<0>>);

} // namespace daemonizer

#endif
