// SPDX-License-Identifier: BSL-1.0
// A description that is known at compile time is empty, and a handle holds what its composition
// acquires and nothing else.
#include <daemonizer/daemonizer.hpp>

#include <csignal>
#include <type_traits>

using namespace daemonizer;

namespace {

// Descriptions -----------------------------------------------------------------------------------

static_assert(sizeof(Daemonizer<>) == 1);
static_assert(sizeof(Daemonizer<SingleFork, FileStdio<"/a", "/b", "/c">,
                                PidFile<"/run/x.pid", 0600>, SignalFlag<SIGTERM, SIGHUP>,
                                Umask<027>, WorkingDirectory<"/srv">, CloseDescriptors<5, 7>,
                                IgnoreSignals<SIGPIPE>, StartTimeout<3>, Syslog<"x", LOG_USER>>) ==
              1);

// The same text twice makes two bases of one type, which may not share an address.
static_assert(sizeof(Daemonizer<LogStdio<"/x">, PidFile<"/x">, WorkingDirectory<"/x">>) == 1);

// At run time a pointer each, and a pid file's mode.
static_assert(sizeof(Daemonizer<LogStdio<>, Syslog<>>) == 2 * sizeof(char*));
static_assert(sizeof(Daemonizer<PidFile<>>) == 2 * sizeof(char*));

static_assert(std::is_trivially_copyable_v<Daemonizer<LogStdio<>, PidFile<>, Syslog<>>>);

// Handles ----------------------------------------------------------------------------------------

template <class... Policies>
using InPlace = typename Daemonizer<NoFork, KeepStdio, KeepUmask, KeepDirectory, KeepDescriptors,
                                    Policies...>::running_type;

/// As many descriptors or pids, and the stage of the start, which takes another one's room.
template <class Handle>
constexpr auto numbers() -> std::size_t {
    static_assert(sizeof(Handle) % sizeof(int) == 0);
    return sizeof(Handle) / sizeof(int) - 1;
}

static_assert(sizeof(InPlace<KeepSignals>) == 1);
static_assert(sizeof(InPlace<DefaultSignals>) == 1);
static_assert(sizeof(InPlace<IgnoreSignals<SIGPIPE>, Syslog<"x">>) == 1);
static_assert(numbers<InPlace<SignalFlag<SIGTERM>>>() == 2); // the ends of a pipe
static_assert(numbers<InPlace<SignalFd<SIGTERM>>>() == 1);

// A detached start: the report's end and the daemon's pid.
template <class... Policies>
using Detached = typename Daemonizer<KeepStdio, KeepSignals, Policies...>::running_type;
static_assert(numbers<Detached<>>() == 2);
static_assert(numbers<Detached<SingleFork, StartTimeout<3>, Syslog<"x">>>() == 2);

// What 0-2 become, one for all or one each, and the way to the terminal; where a relative path
// starts only if it is one.
template <class Stdio>
using WithStdio = typename Daemonizer<NoFork, KeepSignals, Stdio>::running_type;
static_assert(numbers<WithStdio<NullStdio>>() == 2);
static_assert(numbers<WithStdio<LogStdio<"/x">>>() == 4);
static_assert(numbers<WithStdio<LogStdio<"x">>>() == 5);
static_assert(numbers<WithStdio<FileStdio<"/a", "/b", "/c">>>() == 4);

// It is handed over, not shared.
static_assert(!std::is_copy_constructible_v<InPlace<KeepSignals>>);
static_assert(std::is_nothrow_move_constructible_v<InPlace<KeepSignals>>);

} // namespace
