// SPDX-License-Identifier: BSL-1.0
#include "two_units.hpp"

int run_in_one(bool detached) {
    const auto body = [] { return 20; };
    return detached ? Detached{}.run(body) : InPlace{}.run(body);
}
