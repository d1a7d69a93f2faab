// SPDX-License-Identifier: BSL-1.0
// The literal 0 is a user's number in RunAs{0, 0}, and must not be a null pointer beside a name.
// expect: daemonizer: a text is a const char*, or an object with c_str(), such as a std::string
#include <daemonizer/daemonizer.hpp>

using namespace daemonizer;

int main() {
#ifdef REJECT
    return Daemonizer{RunAs{0, "root"}}.run([] {});
#else
    return Daemonizer{RunAs{"root", "root"}}.run([] {});
#endif
}
