// SPDX-License-Identifier: BSL-1.0
// Makes a launcher's system calls without libc, whose data may be the daemon's by then.
#ifndef DAEMONIZER_HOST_RAW_SYSCALL_HOST_HPP
#define DAEMONIZER_HOST_RAW_SYSCALL_HOST_HPP

#include <daemonizer/host/detail/raw/file_calls.hpp>
#include <daemonizer/host/detail/raw/process_calls.hpp>
#include <daemonizer/host/detail/raw/signal_calls.hpp>
#include <daemonizer/host/detail/raw/socket_calls.hpp>
#include <daemonizer/system/abi.hpp>
#include <daemonizer/system/raw_syscall.hpp>

#if DAEMONIZER_HAS_RAW_CALLS

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// The host of a launcher that only waits for the outcome: the calls of PosixHost that this takes,
/// without libc, whose memory may be another process's by now, or gone.
struct RawHost : RawFileCalls, RawProcessCalls, RawSignalCalls, RawSocketCalls {};

} // namespace daemonizer::detail
#endif

#endif
