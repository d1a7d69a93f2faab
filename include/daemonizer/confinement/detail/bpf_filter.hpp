// SPDX-License-Identifier: BSL-1.0
// Assembles a seccomp filter from a list of system calls, at compile time.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_BPF_FILTER_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_BPF_FILTER_HPP

#include <daemonizer/confinement/detail/call_rules.hpp>
#include <daemonizer/host/confinement_structs.hpp>
#include <daemonizer/system/abi.hpp>

#include <bit>
#include <cstddef>
#include <cstdint>
#include <initializer_list>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// A range of call numbers. 32-bit ARM has some of its own beyond the newest.
struct CallRange {
    std::uint32_t first = 0, last = 0; ///< empty where `first` is 0
};

/// The machine whose system calls a filter judges.
struct FilterMachine {
    std::uint32_t architecture; ///< AUDIT_ARCH_*
    std::uint32_t newest;       ///< the newest call that the filter's author knew
    CallRange extra = {};       ///< calls that are allowed beyond `newest`
    std::endian order = std::endian::native;
};

/// Writes a filter. Its three answers stand at the end; a jump there has eight bits.
struct FilterWriter {
    static constexpr std::size_t most = 256;
    FilterInstruction code[most]{};
    std::size_t size = 0;

    static constexpr std::uint16_t load = 0x20, jump_equal = 0x15, jump_greater = 0x25,
                                   jump_at_least = 0x35, jump_set = 0x45, answer = 0x06;
    static constexpr std::uint32_t allow = 0x7fff0000, kill_process = 0x80000000,
                                   error = 0x00050000; ///< plus the errno
    /// Stand for the answers until their places are known.
    enum way_out : std::uint8_t { to_allow = 253, to_refuse, to_not_there };

    constexpr void put(std::uint16_t what, std::uint32_t value, std::uint8_t if_true = 0,
                       std::uint8_t if_false = 0) {
        code[size++] = {what, if_true, if_false, value};
    }

    constexpr void write(const CallRule& rule) {
        using enum CallRule::answer;
        if (rule.outcome == refuse_flags)
            return;
        const std::uint8_t out = rule.outcome == refuse ? to_refuse : to_not_there;
        if (rule.first == rule.last)
            return put(jump_equal, rule.first, out);
        put(jump_at_least, rule.first, 0, 1);
        put(jump_greater, rule.last, 0, out);
    }
    /// Loads an argument in the place of the number, since its flags alone decide then.
    constexpr void write_flags(const CallRule& rule, std::endian order) {
        put(jump_equal, rule.first, 0, 2);
        put(load, 16U + 8U * rule.argument + (order == std::endian::big ? 4U : 0U));
        put(jump_set, rule.flags, to_refuse, to_allow);
    }

    /// Writes the answers and the jumps to them. Returns false where one of them is too far.
    constexpr auto finish() -> bool {
        const std::size_t ways_out = size;
        put(answer, allow);
        put(answer, error | 1U);  // EPERM
        put(answer, error | 38U); // ENOSYS
        bool fits = size < most - 3;
        for (std::size_t i = 0; i != ways_out; ++i)
            for (std::uint8_t FilterInstruction::*jump :
                 {&FilterInstruction::if_true, &FilterInstruction::if_false})
                if (code[i].*jump >= to_allow) {
                    const std::size_t distance = ways_out + (code[i].*jump - to_allow) - (i + 1);
                    fits = fits && distance < to_allow;
                    code[i].*jump = static_cast<std::uint8_t>(distance);
                }
        return fits;
    }
};

/// Makes a filter that refuses what `rules` name, on `machine`. It kills a process of another
/// architecture, where the numbers mean other calls. A call newer than the rules fails with ENOSYS,
/// as on the kernel that they were written for, and so do calls of x32, whose numbers have bit 30
/// set. Returns the empty filter (`size` 0) if it would be too long.
template <std::size_t Capacity>
constexpr auto assemble_filter(const FilterMachine& machine, CallRules<Capacity> rules)
    -> FilterWriter {
    FilterWriter filter;
    if (rules.count > 80)
        return {};
    filter.put(FilterWriter::load, 4); // seccomp_data::arch
    filter.put(FilterWriter::jump_equal, machine.architecture, 1);
    filter.put(FilterWriter::answer, FilterWriter::kill_process);
    filter.put(FilterWriter::load, 0); // seccomp_data::nr
    if (machine.extra.first != 0) {
        filter.put(FilterWriter::jump_at_least, machine.extra.first, 0, 1);
        filter.put(FilterWriter::jump_greater, machine.extra.last, 0, FilterWriter::to_allow);
    }
    filter.put(FilterWriter::jump_greater, machine.newest, FilterWriter::to_not_there);
    rules.merge();
    for (std::size_t i = 0; i != rules.count; ++i)
        filter.write(rules.rules[i]);
    for (std::size_t i = 0; i != rules.count; ++i)
        if (rules.rules[i].outcome == CallRule::answer::refuse_flags)
            filter.write_flags(rules.rules[i], machine.order);
    return filter.finish() ? filter : FilterWriter{};
}

/// Holds a filter of exactly its size, for read-only data.
template <std::size_t Size>
struct Filter {
    FilterInstruction code[Size]{};

    constexpr explicit Filter(const FilterWriter& from) {
        for (std::size_t i = 0; i != Size; ++i)
            code[i] = from.code[i];
    }
};

} // namespace daemonizer::detail

#endif
