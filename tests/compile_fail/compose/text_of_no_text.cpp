// SPDX-License-Identifier: BSL-1.0
// A string view may lack the null byte at its end.
// expect: daemonizer: a text is a const char*, or an object with c_str(), such as a std::string
#include <daemonizer/daemonizer.hpp>

#include <string>
#include <string_view>

using namespace daemonizer;

int main() {
#ifdef REJECT
    const std::string_view path = "/run/x.pid";
#else
    const std::string path = "/run/x.pid";
#endif
    return Daemonizer{PidFile{path}}.run([] {});
}
