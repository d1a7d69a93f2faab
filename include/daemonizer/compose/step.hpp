// SPDX-License-Identifier: BSL-1.0
// What a step is: its name, its phase, what it needs and gives.
#ifndef DAEMONIZER_COMPOSE_STEP_HPP
#define DAEMONIZER_COMPOSE_STEP_HPP

#include <daemonizer/compose/phase.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>

namespace daemonizer::inline DAEMONIZER_ABI {

/// What one step gives and a later one needs; any type can name such a thing.
template <class...>
struct capabilities {};

/// The steps of a policy, in the order in which they run within a phase.
template <class...>
struct step_list {};

/// Base of every step. A step adds `static constexpr const char* name`, which users read in an
/// error, and `static bool run(auto& start, const Policy& policy)`. `run` answers
/// `start.fail(...)` when it cannot do its work, `true` when it has. A step has no state of its
/// own: what it acquires goes to `start.state(policy)`, of type `Policy::state`. A step that throws
/// has failed, for the reason that its exception's `what()` says; it gives back itself what it had
/// acquired by then. `undo` and `drop_launcher_copy` do not throw.
template <phase At>
struct step {
    static constexpr phase at = At;
    static constexpr bool undoes = false;
    static constexpr bool ends_with_process = false; ///< see undoable_step
    using needs = capabilities<>;
    using gives = capabilities<>;
};

/// Base of a step that gives back what it acquired: `static void undo(host, policy, state)`, called
/// in reverse order when the start fails or the daemon ends. In phase::check it also has
/// `static void drop_launcher_copy(host, policy, state)`: the launcher lets go of its copy, undoing
/// nothing, because the daemon holds it now. While such a step holds anything a start without a
/// fork lets no signal act; a step says `ends_with_process = true` where nothing of what it has
/// acquired outlives the process, such as descriptors and memory, and costs no call for that.
template <phase At>
struct undoable_step : step<At> {
    static constexpr bool undoes = true;
};

/// What derives from `step` and has a name.
template <class T>
concept Step = requires {
    { **&T::name } -> std::convertible_to<char>; // static, and const char*
    T::at;
    T::undoes;
    T::ends_with_process;
    typename T::needs;
    typename T::gives;
};

/// Capabilities of the shipped policies.
namespace capability {
struct final_process {}; ///< this process is the daemon: its pid will not change
struct dispositions {};  ///< signal dispositions are as the signal policy wants them
} // namespace capability

} // namespace daemonizer

#endif
