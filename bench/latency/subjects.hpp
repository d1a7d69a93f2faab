// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <functional>
#include <string>
#include <vector>

namespace latency {

/// What one benchmark compares.
struct Subject {
    std::string name;
    int forks; ///< that the same start by hand makes
    std::function<void()> ours, by_hand;
};

/// Every combination of the policies, put there before main.
inline auto subjects() -> std::vector<Subject>& {
    static std::vector<Subject> all;
    return all;
}

} // namespace latency
