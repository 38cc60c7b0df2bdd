// SPDX-License-Identifier: Apache-2.0
// One test for each parity case. It computes the case in every way that there is: with oneDNN, on the
// portable path, with Winograd's convolutions, and with UNMASK_PARITY_FLOAT64 set in float64, which shows a
// wrong formula apart from rounding. Cases are all *.json below the directories in UNMASK_PARITY_DIRS
// (colon-separated), by default tests/parity/cases.
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <set>

#include "engine/error.h"
#include "engine/kernel.h"
#include "tests/parity/run_case.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask::parity {
namespace {

enum class Path { onednn, portable, winograd, float64 };

const char* name_of(Path path) {
    constexpr const char* names[] = {"onednn", "portable", "winograd", "float64"};
    return names[static_cast<size_t>(path)];
}

// The largest error / bound seen in each group, over all tests.
std::map<std::string, double>& worst_ratios() {
    static std::map<std::string, double> ratios;
    return ratios;
}

std::vector<Path> paths() {
    std::vector<Path> result;
    if (onednn_available()) result.push_back(Path::onednn);
    result.push_back(Path::portable);
    result.push_back(Path::winograd);
    if (std::getenv("UNMASK_PARITY_FLOAT64") != nullptr) result.push_back(Path::float64);
    return result;
}

class CaseTest : public testing::Test {
  public:
    explicit CaseTest(std::filesystem::path file) : file_(std::move(file)) {}

    void TestBody() override {
        try {
            expected_ = read_case(file_);
            for (const Path path : paths()) {
                SCOPED_TRACE(name_of(path));
                std::cout << "  " << name_of(path) << "\n";
                path_ = path;
                compare();
            }
        } catch (const std::exception& problem) {
            ADD_FAILURE() << file_.string() << ": " << problem.what();
        }
    }

  private:
    void compare() {
        set_onednn_enabled(path_ == Path::onednn || path_ == Path::winograd);
        const ComputeModeScope mode({.winograd = path_ == Path::winograd ? Winograd::all : Winograd::off});
        const bool exact = path_ == Path::float64;
        for (const GroupError& group : errors()) {
            const double bound = group.bound() * (exact ? 1e-5 : 1.0), ratio = group.error / bound;
            EXPECT_LE(group.error, bound) << group.group;
            std::cout << fmt::format("    {:<24} error {:.2e}  bound {:.2e}  ratio {:.3f}\n", group.group,
                                     group.error, bound, ratio);
            double& worst = worst_ratios()[group.group];
            worst = std::max(worst, ratio);
        }
    }

    [[nodiscard]] std::vector<GroupError> errors() const {
        if (path_ == Path::winograd) return winograd_errors(expected_);
        return compare_case(expected_, path_ == Path::float64 ? DType::f64 : DType::f32);
    }

    std::filesystem::path file_;
    Json expected_;
    Path path_ = Path::portable;
};

class WorstRatios : public testing::Environment {
  public:
    void TearDown() override {
        std::cout << "Worst error / bound of each group:\n";
        for (const auto& [group, ratio] : worst_ratios())
            std::cout << fmt::format("    {:<24} {:.3f}\n", group, ratio);
    }
};

std::vector<std::filesystem::path> case_files() {
    const char* given = std::getenv("UNMASK_PARITY_DIRS");
    std::stringstream directories(given != nullptr && *given != '\0' ? given : UNMASK_PARITY_CASES);
    std::vector<std::filesystem::path> files;
    for (std::string directory; std::getline(directories, directory, ':');) {
        if (!std::filesystem::is_directory(directory))
            fail("{}: expected a directory of parity cases", directory);
        const size_t before = files.size();
        for (const auto& entry : std::filesystem::recursive_directory_iterator(directory))
            if (entry.path().extension() == ".json") files.push_back(entry.path());
        if (files.size() == before) fail("{}: expected parity cases (*.json), found none", directory);
    }
    std::sort(files.begin(), files.end());
    return files;
}

// A file that is no case gets a test too, which fails and says why.
void register_cases() {
    std::set<std::string> names;
    for (const auto& file : case_files()) {
        std::string name = file.stem().string();
        try {
            name = read_case(file).at("name");
        } catch (const std::exception&) {
        }
        while (!names.insert(name).second) name += "_again";
        testing::RegisterTest("Parity", name.c_str(), nullptr, nullptr, __FILE__, __LINE__,
                              [file]() -> testing::Test* { return new CaseTest(file); });
    }
}

}  // namespace
}  // namespace unmask::parity

int main(int argument_count, char** arguments) {
    testing::InitGoogleTest(&argument_count, arguments);
    try {
        unmask::parity::register_cases();
    } catch (const std::exception& error) {
        std::cerr << error.what() << "\n";
        return 1;
    }
    testing::AddGlobalTestEnvironment(new unmask::parity::WorstRatios);
    return RUN_ALL_TESTS();
}
