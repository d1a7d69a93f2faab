// SPDX-License-Identifier: BSL-1.0
// Words that others have made macros of: ours compile behind them, and leave them as they are.
#define slots
#define signals public
#define emit
#define foreach for
#define forever for (;;)
#define min(a, b) ((a) < (b) ? (a) : (b))
#define max(a, b) ((a) > (b) ? (a) : (b))
#define check(x) (x)
#define fail(x) (x)
#define require(x) (x)
#define major(x) (x)
#define minor(x) (x)
#define makedev(x, y) (x)
#define None 0L
#define Bool int
#define Status int
#undef Success
#define Success 1
#undef Always
#define Always 1
#undef True
#define True 1
#undef False
#define False 1
#define Complex 0
#undef linux
#define linux 1
#undef unix
#define unix 1
#undef I
#define I 1
#define log(...) 0
#define noinline __attribute__((noinline))
#define always_inline __attribute__((always_inline))
#define packed __attribute__((packed))
#define error(...) 0
#define warn(...) 0
#define info(...) 0
#define die(...) 0
#define abort() 0
#define status
#define ready 1
#define verify(...) 0
#define run(...) 0
#define wait(x) (x)
#define start(...) 0
#define stop(...) 0
#define restart(...) 0
#define reload(...) 0
#define timeout(ms) (ms)

#include <daemonizer/command_line.hpp>
#include <daemonizer/control.hpp>
#include <daemonizer/daemonizer.hpp>
#include <daemonizer/policy.hpp>
#include <daemonizer/take_option.hpp>

#if !defined(slots) || !defined(signals) || !defined(emit) || !defined(foreach) ||                 \
    !defined(forever) || !defined(min) || !defined(max) || !defined(check) || !defined(fail) ||    \
    !defined(require) || !defined(major) || !defined(minor) || !defined(makedev) ||                \
    !defined(None) || !defined(Bool) || !defined(Status) || !defined(Success) ||                   \
    !defined(Always) || !defined(True) || !defined(False) || !defined(Complex) ||                  \
    !defined(linux) || !defined(unix) || !defined(I) || !defined(log) || !defined(noinline) ||     \
    !defined(always_inline) || !defined(packed) || !defined(error) || !defined(warn) ||            \
    !defined(info) || !defined(die) || !defined(abort) || !defined(status) || !defined(ready) ||   \
    !defined(verify) || !defined(run) || !defined(wait) || !defined(start) || !defined(stop) ||    \
    !defined(restart) || !defined(reload) || !defined(timeout)
#error "a macro is gone"
#endif

auto behind_macros() -> int {
    return (daemonizer::Daemonizer{}.run)([] {}); // ours, and not the macro
}
