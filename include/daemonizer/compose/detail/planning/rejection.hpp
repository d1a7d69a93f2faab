// SPDX-License-Identifier: BSL-1.0
// Why a composition is rejected, and what stands in its place.
#ifndef DAEMONIZER_COMPOSE_DETAIL_PLANNING_REJECTION_HPP
#define DAEMONIZER_COMPOSE_DETAIL_PLANNING_REJECTION_HPP

#include <daemonizer/compose/composition.hpp>
#include <daemonizer/compose/detail/plan.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Why a composition is rejected. Only the first reason is reported, so that one mistake is one
/// error.
enum class rejection {
    none,
    no_policy,
    not_copied,
    slot_without_name,
    after,
    slot_twice,
    order,
    host_files,
    host_processes,
    host_signals,
    host_report,
    host_locks,
    no_fork,
    no_detach,
    no_stdio,
    no_signals,
    no_step_list,
    no_step,
    step_lists,
    state,
    run,
    undo,
    undo_of_step,
    needs
};

/// Stands in for a composition that has been rejected, and takes whatever is done with one.
struct RejectedComposition {
    static constexpr bool is_rejected = true; ///< and has been told so

    template <class... Given>
    static constexpr auto choose(const Given&...) -> RejectedComposition {
        return {};
    }
    auto start() const -> RejectedComposition* { return nullptr; }
    [[nodiscard]] auto run(auto&&) const -> int { return 1; }
    auto c_str() const -> const char* { return ""; } ///< for what is done with its pid file
};

template <rejection Reason, class Verdict = planning::fits>
struct rejected {
    static constexpr rejection reason = Reason;
    using verdict = Verdict;
    using core = void;
    using implementation = RejectedComposition;
    using options = RejectedComposition;
};

template <class... Policies>
struct accepted {
    static constexpr rejection reason = rejection::none;
    using verdict = planning::fits;
    using core = StartData<Policies...>;
    using implementation = Composition<Policies...>;

    struct options {
        template <class... Given>
        static constexpr auto choose(const Given&... given) -> Options<Policies...> {
            return {Option<Policies>{pick<Policies>(given...)}...};
        }

    private:
        template <class Wanted>
        static constexpr auto pick() -> Wanted {
            return Wanted{};
        }
        template <class Wanted, class First, class... Rest>
        static constexpr auto pick(const First& first, const Rest&... rest) -> Wanted {
            if constexpr (std::same_as<Wanted, First>)
                return first;
            else
                return pick<Wanted>(rest...);
        }
    };
};

} // namespace daemonizer::detail

#endif
