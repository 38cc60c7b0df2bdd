// SPDX-License-Identifier: Apache-2.0
// unmask demo on the emulated GPU, as small as it gets: what it leaves and finds on the CPU.
#include <filesystem>
#include <map>
#include <set>
#include <sstream>

#include "apps/demo/demo_faults.h"
#include "tests/cuda/alike.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

std::set<std::string> files_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder)) {
        const std::string name = fs::relative(entry.path(), folder).string();
        if (entry.is_regular_file() && name.find("tfevents") == std::string::npos) names.insert(name);
    }
    return names;
}

// What so few pictures teach is chance: below the AUC that a detector should have the demo says so. The
// folder of what it leaves.
fs::path run_demo(const fs::path& folder, const std::string& options) {
    fs::create_directory(folder);
    const Outcome outcome =
        run_program("demo --out demo --people 8 --epochs 1 --size 32 --threads 1 --quiet" + options,
                    "cd " + folder.string() + " &&");
    if (outcome.code != 0 && outcome.code != 1) {
        ADD_FAILURE() << "expected exit code 0 or 1, found " << outcome.code << ": " << outcome.errors;
        return {};
    }
    const Json evaluation = Json::parse(bytes_of(folder / "demo/evaluation.json"));
    const bool learned = evaluation.at("results").at(0).at("frame").at("auc").get<double>() >= least_demo_auc;
    EXPECT_EQ(outcome.code, learned ? 0 : 1) << outcome.errors;
    EXPECT_EQ(outcome.errors.find("frame AUC on unseen people") == std::string::npos, learned)
        << outcome.errors;
    EXPECT_NE(outcome.output.find("On 1 person that the detector never saw"), std::string::npos)
        << outcome.output;
    EXPECT_NE(outcome.output.find("Try: unmask detect"), std::string::npos) << outcome.output;
    return folder / "demo";
}

// Losses and scores by name: not what is counted of so few pictures, which a rounding may turn.
std::map<std::string, double> numbers_of(const fs::path& demo) {
    std::map<std::string, double> numbers;
    std::istringstream metrics(bytes_of(demo / "run/metrics.csv"));
    std::string names, values;
    std::getline(metrics, names);
    std::getline(metrics, values);
    std::istringstream name_by_name(names), value_by_value(values);
    for (std::string name, value;
         std::getline(name_by_name, name, ',') && std::getline(value_by_value, value, ',');)
        if (name.find("loss") != std::string::npos || name == "classification" ||
            name.find("information") != std::string::npos)
            numbers[name] = std::stod(value);
    for (const char* level : {"frame", "video"})
        numbers[level + std::string(" log loss")] = Json::parse(bytes_of(demo / "evaluation.json"))
                                                        .at("results")
                                                        .at(0)
                                                        .at(level)
                                                        .at("log_loss")
                                                        .get<double>();
    for (const Json& file : Json::parse(bytes_of(demo / "detection.json")))
        if (file.at("score").is_number())
            numbers[file.at("file").get<std::string>()] = file.at("score").get<double>();
    return numbers;
}

// One step moves the weights by little: scores and losses are the CPU's but for roundings.
TEST(GpuDemo, LeavesWhatItLeavesOnTheCpu) {
    const TemporaryFolder folder;
    const fs::path here = run_demo(folder / "here", "");
    ASSERT_FALSE(here.empty());
    const std::map<std::string, double> expected = numbers_of(here);
    EXPECT_GE(expected.size(), 6u + 2u + 4u);  // of the training, the evaluation and the pictures
    for (const GpuPrecision& precision : gpu_precisions) {
        SCOPED_TRACE(precision.name);
        const fs::path there =
            run_demo(folder / precision.name, " --device cuda --precision " + precision.name);
        ASSERT_FALSE(there.empty());
        EXPECT_TRUE(fs::exists(there / "run/best.safetensors"));
        EXPECT_EQ(files_in(there), files_in(here));
        EXPECT_EQ(bytes_of(there / "faces/faces.csv"), bytes_of(here / "faces/faces.csv"));
        EXPECT_EQ(Json::parse(bytes_of(there / "run/run.json")).at("device"), "cuda");
        const std::map<std::string, double> found = numbers_of(there);
        ASSERT_EQ(found.size(), expected.size());
        for (const auto& [name, value] : expected) {
            ASSERT_TRUE(found.contains(name)) << name;
            EXPECT_NEAR(found.at(name), value, precision.distance) << name;
            // The roundings tell that it was computed so.
            if (precision.rounds) {
                EXPECT_NE(found.at(name), value) << name;
            }
        }
    }
}

}  // namespace
}  // namespace unmask
