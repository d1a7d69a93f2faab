// SPDX-License-Identifier: BSL-1.0
// What a policy is: its slot, its steps, its hooks.
#ifndef DAEMONIZER_COMPOSE_POLICY_HPP
#define DAEMONIZER_COMPOSE_POLICY_HPP

#include <daemonizer/compose/step.hpp>
#include <daemonizer/system/abi.hpp>

#include <concepts>
#include <type_traits>

namespace daemonizer::inline DAEMONIZER_ABI {

/// Slots that another one comes after.
template <class...>
struct slot_list {};

/// A slot is what a policy fills; a composition has at most one policy a slot. A slot of one's own
/// derives from `own_slot` and adds a name. Its policy comes after those of the library's slots and
/// of the slots in `after`; where nothing else decides, names do. The order in which policies are
/// given says nothing, since all spellings of a composition are one. Steps of one phase run in the
/// order of slots. A step that `needs` what only a later one gives does not compile.
///
///     struct cache : own_slot {
///         static constexpr const char* name = "cache";
///         using after = slot_list<database>; // where the composition has that one
///     };
struct own_slot {
    using after = slot_list<>;
};

/// The slots of the library. The order in which a start comes to them stands in daemonizer.hpp.
namespace slots {
// clang-format off
struct host        { static constexpr const char* name = "host"; }; // handed on by value
struct fork        { static constexpr const char* name = "fork"; };
struct monitor     { static constexpr const char* name = "monitor"; };
struct timeout     { static constexpr const char* name = "start timeout"; };
struct umask       { static constexpr const char* name = "umask"; };
struct directory   { static constexpr const char* name = "directory"; };
struct signals     { static constexpr const char* name = "signals"; };
struct ignored     { static constexpr const char* name = "ignored"; };
struct pid         { static constexpr const char* name = "pid"; };
struct descriptors { static constexpr const char* name = "descriptors"; };
struct stdio       { static constexpr const char* name = "stdio"; };
struct log         { static constexpr const char* name = "log"; };
struct sockets     { static constexpr const char* name = "sockets"; };
struct notify      { static constexpr const char* name = "notify"; };
struct descriptor_notify { static constexpr const char* name = "descriptor notify"; };
struct watchdog    { static constexpr const char* name = "watchdog"; };
struct upgrade     { static constexpr const char* name = "upgrade"; };
struct environment       { static constexpr const char* name = "environment"; };
struct process_name      { static constexpr const char* name = "process name"; };
struct oom_score         { static constexpr const char* name = "oom score"; };
struct nice              { static constexpr const char* name = "nice"; };
struct lock_memory       { static constexpr const char* name = "lock memory"; };
struct chroot            { static constexpr const char* name = "chroot"; };
struct run_as            { static constexpr const char* name = "run as"; };
struct keep_capabilities { static constexpr const char* name = "capabilities"; };
struct no_core_dumps     { static constexpr const char* name = "core dumps"; };
struct no_new_privileges { static constexpr const char* name = "new privileges"; };
// Last: each takes away what the steps before it may need.
struct landlock     { static constexpr const char* name = "Landlock"; };
struct system_calls { static constexpr const char* name = "system calls"; };
// clang-format on
} // namespace slots

/// A policy names its slot and its steps. It may hold options, and a type `state` for what its
/// steps acquire; a member function `state::each_descriptor(keep)` calls `keep(fd)` for every
/// descriptor that CloseDescriptors must spare, and `state::each_text(keep)` calls `keep(text)` for
/// every `const char*` that an `undo` in phase::check reads: with it the launcher of run() may give
/// its memory back while it waits. What it does not accept, of its template arguments
/// or beside a policy in another slot, it asserts in `template <class Core> static constexpr void
/// check()`, where `Core::in<Slot>` is that policy: asserted in the class, every concept that looks
/// at it would say so again.
///
/// A policy in any slot, above all in slots::log, takes the daemon's lines if it has
/// `static void write_line(host, policy, state, int priority, const char* text)`: what
/// `daemon.log(priority, text)` is given, and what goes wrong after ready. It may be called before
/// its own steps have run and after their undo, and must not call the daemon. Of several the first
/// takes them, in the order of slots; where there is none, failures go to stderr.
///
/// It is copied. std::copyable would say that too, but asks more, and each trait of the standard
/// library costs a compiler ten times what an expression does.
template <class T>
concept Policy = requires(T& policy, const T& other) {
    T(other);
    policy = other;
    typename T::slot;
    typename T::steps;
    { T::slot::name } -> std::convertible_to<const char*>;
    typename std::bool_constant<*&T::slot::name == nullptr>; // static constexpr
};

/// Is false of every policy. One that takes its options as template arguments asserts it in a
/// constructor that takes them as values, so that this mistake is one sentence.
template <class...>
inline constexpr bool given_as_value = false;

/// A policy that fills `Slot`.
template <class T, class Slot>
concept PolicyFor = Policy<T> && std::same_as<typename T::slot, Slot>;

/// Detaches from the launcher, or does not: `detaches`. One that does has
/// `static side detach(auto& start)`, which returns in the daemon and in the launcher, but in no
/// process between them.
template <class T>
concept ForkPolicy = PolicyFor<T, slots::fork> && requires {
    typename std::bool_constant<T::detaches>;
};

/// Says what becomes of descriptors 0-2. `replaces` tells whether stderr is another file
/// afterwards, so that an error before ready must be kept a way to the terminal.
template <class T>
concept StdioPolicy = PolicyFor<T, slots::stdio> && requires {
    typename std::bool_constant<T::replaces>;
};

/// Records the daemon for others to find, and takes the record away at the end.
template <class T>
concept PidPolicy = PolicyFor<T, slots::pid>;

/// Sets dispositions and mask; `keeps` says that it leaves them alone, `collects(signal)` whether
/// `daemon.wait()` will report that signal.
template <class T>
concept SignalPolicy = PolicyFor<T, slots::signals> && requires {
    typename std::bool_constant<T::keeps>;
    typename std::bool_constant<T::collects(1)>;
};

} // namespace daemonizer

#endif
