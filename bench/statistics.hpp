// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <algorithm>
#include <cstddef>
#include <vector>

/// The last one but half: one start in a hundred is disturbed by something, which a mean shows.
inline auto median(std::vector<double> values) -> double {
    if (values.empty())
        return 0;
    const auto middle = values.begin() + static_cast<std::ptrdiff_t>(values.size() / 2);
    std::nth_element(values.begin(), middle, values.end());
    return *middle;
}

/// The median of `ours[i] / theirs[i]`: each pair was measured a moment apart.
inline auto median_ratio(const std::vector<double>& ours, const std::vector<double>& theirs)
    -> double {
    std::vector<double> ratios;
    for (std::size_t i = 0; i != std::min(ours.size(), theirs.size()); ++i)
        if (theirs[i] > 0)
            ratios.push_back(ours[i] / theirs[i]);
    return median(ratios);
}
