// SPDX-License-Identifier: BSL-1.0
#include <daemonizer/daemonizer.hpp>

using InPlace = daemonizer::Daemonizer<daemonizer::NoFork, daemonizer::KeepStdio,
                                       daemonizer::KeepSignals, daemonizer::KeepUmask,
                                       daemonizer::KeepDirectory, daemonizer::KeepDescriptors>;

int main() {
    return InPlace{}.run([] { return 0; });
}
