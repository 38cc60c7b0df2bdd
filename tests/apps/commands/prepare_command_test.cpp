// SPDX-License-Identifier: Apache-2.0
// unmask prepare.
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "engine/atomic_file.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

TEST_F(Program, PreparesFromFoldersOfRealAndFake) {
    std::filesystem::create_directories(path("raw/real"));
    std::filesystem::create_directories(path("raw/fake"));
    for (uint64_t i = 0; i < 6; ++i)
        for (const bool fake : {false, true})
            write_png(path(fmt::format("raw/{}/{}.png", fake ? "fake" : "real", i)), tiny_face(fake, i, 64));
    const Outcome outcome = run_program("prepare --videos " + path("raw") + " --out " + path("prepared") +
                                        " --faces whole --size 48 --json -");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_EQ(nlohmann::json::parse(outcome.output)["rows"], 12);
    const Manifest manifest = read_manifest(path("prepared/faces.csv"));
    EXPECT_EQ(manifest.rows.size(), 12u);
    // A broken one among them is named, the others are prepared.
    write_file_atomically(path("raw/real/9.png"), "");
    const Outcome partly = run_program("prepare --videos " + path("raw") + " --out " + path("prepared") +
                                       " --faces whole --size 48 --quiet");
    EXPECT_EQ(partly.code, 1) << partly.errors;
    EXPECT_NE(partly.errors.find("9.png"), std::string::npos) << partly.errors;
    // What is finished is given up only when asked.
    expect_failure(
        "prepare --videos " + path("raw") + " --out " + path("prepared") + " --faces whole --size 40",
        {"12 crops", "size=48", "size=40", "--overwrite"});
    EXPECT_EQ(read_manifest(path("prepared/faces.csv")).rows.size(), 12u);
    EXPECT_EQ(run_program("prepare --videos " + path("raw") + " --out " + path("prepared") +
                          " --faces whole --size 40 --overwrite --quiet")
                  .code,
              1);
    expect_failure("prepare --videos " + path("raw") + " --out " + path("p") + " --pictures clips",
                   {"--pictures", "clips"});
    expect_failure("prepare --videos " + path("nowhere") + " --out " + path("p"), {"nowhere"});
    EXPECT_FALSE(std::filesystem::exists(path("p")));
    expect_failure("prepare --videos " + path("raw") + " --out " + path("p") + " --label maybe",
                   {"--label", "maybe"});
}

// Numbered pictures in folders, which would else be clips.
TEST_F(Program, PreparesFoldersAsPhotosWhereItIsTold) {
    for (const char* label : {"real", "fake"})
        for (uint64_t i = 0; i < 4; ++i) {
            const std::filesystem::path file = path(fmt::format("numbered/{}/v/{}.png", label, i));
            std::filesystem::create_directories(file.parent_path());
            write_png(file, tiny_face(label == std::string("fake"), i, 64));
        }
    const std::string line = "prepare --videos " + path("numbered") + " --faces whole --size 48 --quiet";
    EXPECT_EQ(run_program(line + " --out " + path("clips")).code, 0);
    EXPECT_EQ(read_manifest(path("clips/faces.csv")).rows.front().video, "fake/v");
    EXPECT_EQ(run_program(line + " --pictures photos --out " + path("photos")).code, 0);
    EXPECT_EQ(read_manifest(path("photos/faces.csv")).rows.front().video, "fake/v/0");
}

}  // namespace
}  // namespace unmask
