// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: a text is a const char*, or an object with c_str(), such as a std::string
#include <daemonizer/daemonizer.hpp>

#include <string>
#include <string_view>

using namespace daemonizer;

int main() {
#ifdef REJECT
    using Text = std::string_view;
#else
    using Text = std::string;
#endif
    return Daemonizer<>{}.run([](auto& daemon) { return daemon.fail(3, Text{"no way"}); });
}
