// SPDX-License-Identifier: BSL-1.0
// The list of system calls that a filter knows, and how it answers each.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_CALL_RULES_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_CALL_RULES_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdint>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// Says how a filter answers the system calls `first` to `last`.
struct CallRule {
    enum class answer : unsigned char {
        refuse,       ///< the call fails with EPERM
        not_there,    ///< the call fails with ENOSYS, and its caller takes an older one
        refuse_flags, ///< EPERM where argument number `argument` has one of `flags`
    };
    std::uint32_t first, last;
    answer outcome = answer::refuse;
    std::uint8_t argument = 0;
    std::uint32_t flags = 0;
};

/// A list of rules in the order of numbers. Neighbours with the same answer become one rule.
template <std::size_t Capacity>
struct CallRules {
    CallRule rules[Capacity]{};
    std::size_t count = 0;

    constexpr void add(const CallRule& rule) {
        std::size_t place = count++;
        for (; place != 0 && rules[place - 1].first > rule.first; --place)
            rules[place] = rules[place - 1];
        rules[place] = rule;
    }
    constexpr void merge() {
        std::size_t kept = 0;
        for (std::size_t i = 0; i != count; ++i) {
            const bool goes_on = kept != 0 && rules[kept - 1].outcome == rules[i].outcome &&
                                 rules[i].outcome != CallRule::answer::refuse_flags &&
                                 rules[i].first <= rules[kept - 1].last + 1;
            if (!goes_on)
                rules[kept++] = rules[i];
            else if (rules[kept - 1].last < rules[i].last)
                rules[kept - 1].last = rules[i].last;
        }
        count = kept;
    }
};

} // namespace daemonizer::detail

#endif
