// SPDX-License-Identifier: BSL-1.0
// expect: daemonizer: CloseDescriptors takes descriptors one by one, each an int:
// CloseDescriptors{3, fd}
#include <daemonizer/daemonizer.hpp>
#include <vector>

int main() {
    using namespace daemonizer;
    const std::vector<int> sockets{3, 4};
#ifdef REJECT
    return Daemonizer{CloseDescriptors{sockets}}.run([] {});
#else
    return Daemonizer{CloseDescriptors{sockets[0], sockets[1]}}.run([] {});
#endif
}
