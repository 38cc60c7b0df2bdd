// SPDX-License-Identifier: Apache-2.0
// One test for each parity case and way to compute it: CASE/onednn, CASE/portable, and with
// UNMASK_PARITY_FLOAT64 set CASE/float64, which shows a wrong formula apart from rounding. Cases are all
// *.json below the directories in UNMASK_PARITY_DIRS (colon-separated), by default tests/parity/cases.
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

namespace unmask::parity {
namespace {

enum class Path { onednn, portable, float64 };

const char* name_of(Path path) {
    return path == Path::onednn ? "onednn" : path == Path::portable ? "portable" : "float64";
}

// The largest error / bound seen in each group, over all tests.
std::map<std::string, double>& worst_ratios() {
    static std::map<std::string, double> ratios;
    return ratios;
}

class CaseTest : public testing::Test {
  public:
    CaseTest(std::shared_ptr<const Json> expected, Path path) : expected_(std::move(expected)), path_(path) {}

    void TestBody() override {
        set_onednn_enabled(path_ == Path::onednn);
        const Json actual = run_case(*expected_, path_ == Path::float64 ? DType::f64 : DType::f32);
        for (const auto& [group, floor] : expected_->at("float32_error").items()) {
            const Json::json_pointer place("/" + group);
            check(
                group, [&] { return relative_error(actual.at(place), expected_->at(place)); }, floor);
        }
        if (!expected_->contains("parameters")) return;
        EXPECT_EQ(actual.at("parameters"), expected_->at("parameters"));
        const auto folded_error = [&] {
            return relative_error(actual.at("folded_before"), expected_->at("eval_before").at("global"));
        };
        check("eval_before (folded)", folded_error, expected_->at("float32_error").at("eval_before"));
    }

  private:
    template <class GroupError>
    void check(const std::string& group, const GroupError& group_error, double floor) {
        const double bound = (10.0 * floor + 1e-5) * (path_ == Path::float64 ? 1e-5 : 1.0);
        try {
            const double error = group_error(), ratio = error / bound;
            EXPECT_LE(error, bound) << group;
            std::cout << fmt::format("    {:<24} error {:.2e}  bound {:.2e}  ratio {:.3f}\n", group, error,
                                     bound, ratio);
            double& worst = worst_ratios()[group];
            worst = std::max(worst, ratio);
        } catch (const std::exception& problem) {
            ADD_FAILURE() << group << ": " << problem.what();
        }
    }

    std::shared_ptr<const Json> expected_;
    Path path_;
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
    std::stringstream directories(given != nullptr && *given != '\0' ? given : "tests/parity/cases");
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

std::shared_ptr<const Json> read_case(const std::filesystem::path& path) {
    std::ifstream stream(path);
    try {
        auto expected = std::make_shared<const Json>(Json::parse(stream));
        for (const char* key : {"kind", "name", "float32_error"})
            if (!expected->contains(key)) fail("expected the key '{}', found none", key);
        return expected;
    } catch (const std::exception& error) {
        fail("{}: not a parity case: {}", path.string(), error.what());
    }
}

void register_cases() {
    std::vector<Path> paths{Path::portable};
    if (onednn_available()) paths.insert(paths.begin(), Path::onednn);
    if (std::getenv("UNMASK_PARITY_FLOAT64") != nullptr) paths.push_back(Path::float64);
    std::set<std::string> names;
    for (const auto& file : case_files()) {
        const auto expected = read_case(file);
        std::string name = expected->at("name");
        while (!names.insert(name).second) name += "_again";
        for (const Path path : paths)
            testing::RegisterTest(
                "Parity", (name + "/" + name_of(path)).c_str(), nullptr, nullptr, __FILE__, __LINE__,
                [expected, path]() -> testing::Test* { return new CaseTest(expected, path); });
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
