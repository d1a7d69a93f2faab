// SPDX-License-Identifier: BSL-1.0
// A program's own options on the command line of its service.
#include "catch.hpp"

#include <daemonizer/service/take_option.hpp>

#include <sstream>
#include <string>
#include <vector>

using daemonizer::take_option;

namespace {

class Arguments {
public:
    explicit Arguments(const std::string& line) {
        std::istringstream source{"program " + line};
        for (std::string word; source >> word;)
            words_.push_back(word);
        for (std::string& word : words_)
            argv_.push_back(word.data());
        argc_ = static_cast<int>(argv_.size()); // no null pointer stands behind them
    }
    /// The value, "-" where there is none.
    auto take(const char* name) -> std::string {
        const char* const value = take_option(argc_, argv_.data(), name);
        return value == nullptr ? "-" : value;
    }
    auto take_flag(const char* name) -> bool {
        return daemonizer::take_flag(argc_, argv_.data(), name);
    }
    /// What is left, and behind a bar what was taken.
    auto all() const -> std::string {
        std::string line;
        for (std::size_t i = 1; i < argv_.size(); ++i)
            line += std::string{i == static_cast<std::size_t>(argc_) ? "| " : ""} + argv_[i] + ' ';
        return line;
    }

private:
    std::vector<std::string> words_;
    std::vector<char*> argv_;
    int argc_;
};

} // namespace

TEST_CASE("take_option: both spellings, at any place", "[control]") {
    const auto [line, left] = GENERATE(table<std::string, std::string>({
        {"start --dir /x", "start | --dir /x "},
        {"--dir /x start", "start | --dir /x "},
        {"start --dir=/x", "start | --dir=/x "},
        {"--dir=/x stop --force", "stop --force | --dir=/x "},
        {"stop --dir /x --force", "stop --force | --dir /x "},
    }));
    Arguments arguments{line};
    CHECK(arguments.take("--dir") == "/x");
    CHECK(arguments.all() == left);
    CHECK(arguments.take("--dir") == "-");
    CHECK(arguments.all() == left);
}

TEST_CASE("take_option: what is not given, or only begins so", "[control]") {
    for (const char* const line : {"start", "start --directory /x", "start --di /x",
                                   "start -dir /x", "start dir=/x", "start --dir-x=/x"}) {
        Arguments arguments{line};
        CHECK(arguments.take("--dir") == "-");
        CHECK(arguments.all() == std::string{line} + ' ');
    }
}

TEST_CASE("take_option: one without a value stays, to be refused", "[control]") {
    Arguments arguments{"start --dir"};
    CHECK(arguments.take("--dir") == "-");
    CHECK(arguments.all() == "start --dir ");
}

TEST_CASE("take_option: an empty value is one", "[control]") {
    Arguments arguments{"start --dir="};
    CHECK(arguments.take("--dir") == "");
    CHECK(arguments.all() == "start | --dir= ");
}

TEST_CASE("take_option: a value may look like an option", "[control]") {
    Arguments arguments{"start --dir --every --every 5"};
    CHECK(arguments.take("--dir") == "--every");
    CHECK(arguments.take("--every") == "5");
    CHECK(arguments.all() == "start | --dir --every --every 5 ");
}

TEST_CASE("take_option: of one given twice the second stays, to be refused", "[control]") {
    Arguments arguments{"start --dir /x --dir=/y"};
    CHECK(arguments.take("--dir") == "/x");
    CHECK(arguments.all() == "start --dir=/y | --dir /x ");
}

TEST_CASE("take_option: several keep the order in which they were taken", "[control]") {
    Arguments arguments{"--b=2 start --c 3 --a 1"};
    CHECK(arguments.take("--a") == "1");
    CHECK(arguments.take("--b") == "2");
    CHECK(arguments.take("--c") == "3");
    CHECK(arguments.all() == "start | --a 1 --b=2 --c 3 ");
}

TEST_CASE("take_flag: at any place, beside options", "[control]") {
    Arguments arguments{"--quick start --dir /x -v"};
    CHECK(arguments.take_flag("-v"));
    CHECK(arguments.take("--dir") == "/x");
    CHECK(arguments.take_flag("--quick"));
    CHECK(arguments.all() == "start | -v --dir /x --quick ");
    CHECK(!arguments.take_flag("-v"));
    CHECK(!arguments.take_flag("--quick"));
    CHECK(arguments.all() == "start | -v --dir /x --quick ");
}

TEST_CASE("take_flag: one with a value is another, and a second stays", "[control]") {
    Arguments arguments{"start --quick=yes --quickly -quick --v --v"};
    CHECK(!arguments.take_flag("--quick"));
    CHECK(arguments.take_flag("--v"));
    CHECK(arguments.all() == "start --quick=yes --quickly -quick --v | --v ");
}
