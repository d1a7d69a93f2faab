// SPDX-License-Identifier: BSL-1.0
// All combinations with one fork policy, FORK, of those that CMakeLists.txt lists: each is compiled
// on its own, since a composition takes its time.
#include "subjects.hpp"

#include "starts.hpp"

#include <boost/hana/cartesian_product.hpp>
#include <boost/hana/for_each.hpp>
#include <boost/hana/tuple.hpp>
#include <boost/hana/unpack.hpp>

namespace latency {
namespace {

namespace hana = boost::hana;
using namespace daemonizer;

/// A policy, its name, and what it is for the program that is written by hand.
template <class Policy>
struct Choice {
    using policy = Policy;
    const char* name;
    int by_hand;
};

#define NAME_OF(FORK) NAME_OF_EXPANDED(FORK)
#define NAME_OF_EXPANDED(FORK) #FORK

constexpr auto forks =
    hana::make_tuple(Choice<FORK>{NAME_OF(FORK), !FORK::detaches                    ? 0
                                                 : std::is_same_v<FORK, SingleFork> ? 1
                                                                                    : 2});
constexpr auto stdios = hana::make_tuple(Choice<KeepStdio>{"KeepStdio", by_hand::KEEP_STDIO},
                                         Choice<NullStdio>{"NullStdio", by_hand::NULL_STDIO},
                                         Choice<LogStdio<>>{"LogStdio", by_hand::LOG_STDIO});
constexpr auto pids =
    hana::make_tuple(Choice<NoPidFile>{"NoPidFile", 0}, Choice<PidFile<>>{"PidFile", 1});
constexpr auto signals =
    hana::make_tuple(Choice<KeepSignals>{"KeepSignals", by_hand::KEEP_SIGNALS},
                     Choice<DefaultSignals>{"DefaultSignals", by_hand::DEFAULT_SIGNALS},
                     Choice<SignalFd<SIGTERM>>{"SignalFd", by_hand::SIGNAL_FD});

template <class Fork, class Stdio, class Pid, class Signals>
void enlist(Choice<Fork> fork, Choice<Stdio> stdio, Choice<Pid> pid, Choice<Signals> signal) {
    by_hand same{};
    same.forks = fork.by_hand;
    same.stdio = static_cast<decltype(same.stdio)>(stdio.by_hand);
    same.signals = static_cast<decltype(same.signals)>(signal.by_hand);
    same.pid_file = pid.by_hand != 0 ? "" : nullptr;
    subjects().push_back(
        {std::string{fork.name} + "/" + stdio.name + "/" + pid.name + "/" + signal.name,
         fork.by_hand, start_ours<Fork, Stdio, Pid, Signals>, [same] { start_by_hand(same); }});
}

const bool enlisted = [] {
    hana::for_each(hana::cartesian_product(hana::make_tuple(forks, stdios, pids, signals)),
                   [](auto combination) {
                       hana::unpack(combination, [](auto... choices) { enlist(choices...); });
                   });
    return true;
}();

} // namespace
} // namespace latency
