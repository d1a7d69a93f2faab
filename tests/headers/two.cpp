// SPDX-License-Identifier: BSL-1.0
#include "two_units.hpp"

int main(int argc, char**) {
    const bool detached = argc > 99;
    const auto body = [] { return 22; };
    const int here = detached ? Detached{}.run(body) : InPlace{}.run(body);
    return run_in_one(detached) + here == 42 ? 0 : 1;
}
