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
    /// Whether its `undo` reads no text but what its state shows.
    template <class Core>
    static constexpr bool shows_its_texts =
        !Step::undoes || requires(Core & core, void (*keep)(const char*&)) {
        core.template state<Policy>().each_text(keep);
    };

    template <class Core, class Host>
    static void undo(Core& core, const Host& host) {
        if constexpr (Step::undoes)
            Step::undo(host, core.template option<Policy>(), core.template state<Policy>());
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
    template <class>
    static constexpr bool show_their_texts = true;

    template <class Core, class Host>
    static void undo(Core&, const Host&) {}
    template <class Core>
    static void hand_over(Core&) {}
};

template <class First, class... Rest>
struct sequence<First, Rest...> {
    template <class Core>
    static constexpr bool show_their_texts =
        First::template shows_its_texts<Core>&& sequence<Rest...>::template show_their_texts<Core>;

    /// Runs the steps up to the first that fails, and undoes on the way back those before it.
    template <class Start>
    static auto run(const Start& start) -> bool {
        if (!First::run(start))
            return false;
        if (sequence<Rest...>::run(start))
            return true;
        First::undo(start.core, start.host());
        return false;
    }
    /// Undoes all of them, the last first.
    template <class Core, class Host>
    static void undo(Core& core, const Host& host) {
        sequence<Rest...>::undo(core, host);
        First::undo(core, host);
    }
    template <class Core>
    static void hand_over(Core& core) {
        First::hand_over(core);
        sequence<Rest...>::hand_over(core);
    }
};

} // namespace daemonizer::detail

#endif
