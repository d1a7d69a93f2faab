// SPDX-License-Identifier: BSL-1.0
// A list of system calls and what a filter does about each.
#ifndef DAEMONIZER_CONFINEMENT_DETAIL_CALL_RULES_HPP
#define DAEMONIZER_CONFINEMENT_DETAIL_CALL_RULES_HPP

#include <daemonizer/system/abi.hpp>

#include <cstddef>
#include <cstdint>

namespace daemonizer::inline DAEMONIZER_ABI::detail {

/// What a filter does about the system calls `first` to `last`.
struct CallRule {
    enum class answer : unsigned char {
        refuse,       ///< the call answers EPERM
        not_there,    ///< the call answers ENOSYS, and its caller falls back to an older one
        refuse_flags, ///< EPERM where argument number `argument` has one of `flags`
    };
    std::uint32_t first, last;
    answer outcome = answer::refuse;
    std::uint8_t argument = 0;
    std::uint32_t flags = 0;
};

/// A list of rules in the order of numbers, with neighbours that are answered alike made one.
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
