// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_DETAIL_SEQUENCE_HPP
#define DAEMONIZER_DETAIL_SEQUENCE_HPP

namespace daemonizer::detail {

/// A step together with the policy that contributed it.
template <class Step, class Policy>
struct bound_step {
    using step = Step;
    using policy = Policy;

    template <class Start>
    static auto run(const Start& start) -> bool {
        if (Step::run(start, start.core.template option<Policy>()))
            return true;
        start.failure.name_step(Step::name);
        return false;
    }
    template <class Core>
    static void undo(Core& core) {
        if constexpr (Step::undoes)
            Step::undo(core.host(), core.template option<Policy>(), core.template state<Policy>());
    }
    template <class Core>
    static void hand_over(Core& core) {
        if constexpr (Step::undoes)
            Step::hand_over(core.host(), core.template option<Policy>(),
                            core.template state<Policy>());
    }
};

/// Steps in order: plain calls, one after the other.
template <class... Steps>
struct sequence {
    template <class Start>
    static auto run(const Start&) -> bool {
        return true;
    }
    template <class Core>
    static void undo(Core&) {}
    template <class Core>
    static void hand_over(Core&) {}
};

template <class First, class... Rest>
struct sequence<First, Rest...> {
    /// Runs the steps up to the first that fails, and undoes on the way back those before it.
    template <class Start>
    static auto run(const Start& start) -> bool {
        if (!First::run(start))
            return false;
        if (sequence<Rest...>::run(start))
            return true;
        First::undo(start.core);
        return false;
    }
    /// Undoes all of them, the last first.
    template <class Core>
    static void undo(Core& core) {
        sequence<Rest...>::undo(core);
        First::undo(core);
    }
    template <class Core>
    static void hand_over(Core& core) {
        First::hand_over(core);
        sequence<Rest...>::hand_over(core);
    }
};

} // namespace daemonizer::detail

#endif
