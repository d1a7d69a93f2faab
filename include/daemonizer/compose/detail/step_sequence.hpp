// SPDX-License-Identifier: BSL-1.0
// Runs steps one after the other, and undoes them on the way back.
#ifndef DAEMONIZER_COMPOSE_DETAIL_STEP_SEQUENCE_HPP
#define DAEMONIZER_COMPOSE_DETAIL_STEP_SEQUENCE_HPP

#include <daemonizer/compose/detail/caught.hpp>
#include <daemonizer/system/abi.hpp>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A step together with the policy that contributed it.
template <class Step, class Policy>
struct bound_step {
    using step = Step;
    using policy = Policy;

    template <class Start>
    static auto run(const Start& start) -> bool {
        return Step::run(start, start.core.template option<Policy>());
    }
    /// Whether its `undo` reads no text but those that its state names (each_text).
    template <class Core>
    static constexpr bool shows_its_texts =
        !Step::undoes || requires(Core & core, void (*keep)(const char*&)) {
        core.template state<Policy>().each_text(keep);
    };

    template <class Core, class Host>
    [[gnu::always_inline]] static void undo(Core& core, const Host& host) {
        if constexpr (Step::undoes)
            Step::undo(host, core.template option<Policy>(), core.template state<Policy>());
    }
    template <class Core>
    static void drop_launcher_copy(Core& core) {
        if constexpr (Step::undoes)
            Step::drop_launcher_copy(core.host(), core.template option<Policy>(),
                                     core.template state<Policy>());
    }
};

/// Steps in order: plain calls, one after the other.
template <class... Steps>
struct sequence {
    template <class Core>
    static constexpr bool show_their_texts = (Steps::template shows_its_texts<Core> && ...);
    static constexpr bool undoes = (Steps::step::undoes || ...);

    /// Runs the steps up to the first that fails, names that one, calls `failed()`, and undoes
    /// those before it. A step that throws has failed. Where its thread has ended instead, that
    /// goes on afterwards.
    template <class Start>
    static auto run(const Start& start) -> bool {
        return run(start, [] {});
    }
    template <class Start, class Failed>
    static auto run(const Start& start, Failed failed) -> bool {
        const char* name = nullptr;
        unsigned done = 0;
#if defined(__cpp_exceptions)
        try {
            if (((static_cast<void>(name = Steps::step::name), Steps::run(start) && ++done != 0) &&
                 ...))
                return true;
        } catch (...) {
            if (!detail::describe_exception(start.failure, "exception")) {
                start.failure.name_step(name);
                start.failure.describe("thread", "has ended in this step");
                failed();
                undo(start.core, start.host(), done);
                throw;
            }
        }
#else
        if (((static_cast<void>(name = Steps::step::name), Steps::run(start) && ++done != 0) &&
             ...))
            return true;
#endif
        start.failure.name_step(name);
        failed();
        undo(start.core, start.host(), done);
        return false;
    }
    /// Undoes the first `done` of them, the last first.
    template <class Core, class Host>
    [[gnu::always_inline]] static void undo([[maybe_unused]] Core& core,
                                            [[maybe_unused]] const Host& host,
                                            [[maybe_unused]] unsigned done = sizeof...(Steps)) {
        if constexpr (sizeof...(Steps) != 0)
            undo_first<Steps...>(core, host, done);
    }
    template <class Core>
    static void drop_launcher_copy([[maybe_unused]] Core& core) {
        (Steps::drop_launcher_copy(core), ...);
    }

private:
    template <class First, class... Rest, class Core, class Host>
    [[gnu::always_inline]] static void undo_first(Core& core, const Host& host, unsigned done) {
        if constexpr (sizeof...(Rest) != 0)
            if (done > 1)
                undo_first<Rest...>(core, host, done - 1);
        if (done != 0)
            First::undo(core, host);
    }
};

} // namespace daemonizer::detail

#endif
