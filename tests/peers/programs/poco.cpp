// SPDX-License-Identifier: BSL-1.0
// Poco's ServerApplication, told on its command line to be a daemon with a pid file.
#include "tell_ready.h"

#include <Poco/Util/ServerApplication.h>

#include <string>
#include <vector>

class Server : public Poco::Util::ServerApplication {
    int main(const std::vector<std::string>&) override {
        tell_ready();
        waitForTerminationRequest();
        return EXIT_OK;
    }
};

int main(int argc, char** argv) {
    if (argc < 2)
        return 2;
    Server server;
    return server.run({argv[0], "--daemon", std::string("--pidfile=") + argv[1]});
}
