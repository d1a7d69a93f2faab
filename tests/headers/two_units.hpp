// SPDX-License-Identifier: BSL-1.0
#ifndef DAEMONIZER_TESTS_TWO_UNITS_HPP
#define DAEMONIZER_TESTS_TWO_UNITS_HPP

#include <daemonizer/daemonizer.hpp>

#include <csignal>

// Composed in both translation units, started in neither.
using Detached = daemonizer::Daemonizer<daemonizer::DoubleFork, daemonizer::NullStdio,
                                        daemonizer::PidFile<"/run/two_units.pid">,
                                        daemonizer::SignalFlag<SIGTERM>>;

// Run by both: it changes nothing of the process that it runs in.
using InPlace = daemonizer::Daemonizer<daemonizer::NoFork, daemonizer::KeepStdio,
                                       daemonizer::KeepSignals, daemonizer::KeepUmask,
                                       daemonizer::KeepDirectory, daemonizer::KeepDescriptors>;

int run_in_one(bool detached);

#endif
