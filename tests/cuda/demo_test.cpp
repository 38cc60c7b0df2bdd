// SPDX-License-Identifier: Apache-2.0
// unmask demo on the emulated GPU, as small as it gets: what it leaves and finds on the CPU.
#include <filesystem>
#include <set>

#include "tests/cuda/alike.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

std::set<std::string> files_in(const fs::path& folder) {
    std::set<std::string> names;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) names.insert(fs::relative(entry.path(), folder).string());
    return names;
}

// What so few pictures teach is chance: below the AUC that a detector should have the demo says so.
void run_demo(const fs::path& folder, const std::string& device) {
    fs::create_directory(folder);
    const Outcome outcome =
        run_program("demo --out demo --people 8 --epochs 1 --size 32 --threads 1 --quiet" + device,
                    "cd " + folder.string() + " &&");
    const Json evaluation = Json::parse(bytes_of(folder / "demo/evaluation.json"));
    const bool learned = evaluation.at("results").at(0).at("frame").at("auc").get<double>() >= 0.9;
    EXPECT_EQ(outcome.code, learned ? 0 : 1) << outcome.errors;
    EXPECT_EQ(outcome.errors.find("frame AUC on unseen people") == std::string::npos, learned)
        << outcome.errors;
    EXPECT_NE(outcome.output.find("On 1 person that the detector never saw"), std::string::npos)
        << outcome.output;
    EXPECT_NE(outcome.output.find("Try: unmask detect"), std::string::npos) << outcome.output;
}

TEST(GpuDemo, LeavesWhatItLeavesOnTheCpu) {
    const TemporaryFolder folder;
    run_demo(folder / "here", "");
    run_demo(folder / "there", " --device cuda");
    const fs::path here = folder / "here/demo", there = folder / "there/demo";
    std::set<std::string> expected = files_in(here), found = files_in(there);
    for (std::set<std::string>* names : {&expected, &found})
        std::erase_if(*names,
                      [](const std::string& name) { return name.find("tfevents") != std::string::npos; });
    EXPECT_TRUE(found.contains("run/best.safetensors"));
    EXPECT_EQ(found, expected);
    EXPECT_EQ(bytes_of(there / "faces/faces.csv"), bytes_of(here / "faces/faces.csv"));
    const Json run = Json::parse(bytes_of(there / "run/run.json"));
    EXPECT_EQ(run.at("device"), "cuda");
    // One step moves the weights by little: scores and losses are the CPU's but for roundings.
    for (const char* name : {"detection.json", "evaluation.json"}) {
        SCOPED_TRACE(name);
        expect_alike(Json::parse(bytes_of(there / name)), Json::parse(bytes_of(here / name)), 1e-3);
    }
}

}  // namespace
}  // namespace unmask
