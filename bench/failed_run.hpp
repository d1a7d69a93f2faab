// SPDX-License-Identifier: BSL-1.0
// Why a benchmark has failed, with each version of Google Benchmark.
#ifndef DAEMONIZER_BENCH_FAILED_RUN_HPP
#define DAEMONIZER_BENCH_FAILED_RUN_HPP

#include <string>

/// The message, which the run owns; null where it has not failed. Google Benchmark 1.8 has renamed
/// the members.
template <class Run>
auto failure_of(const Run& run) -> const std::string* {
    if constexpr (requires { run.error_occurred; })
        return run.error_occurred ? &run.error_message : nullptr;
    else
        return static_cast<int>(run.skipped) != 0 ? &run.skip_message : nullptr;
}

#endif
