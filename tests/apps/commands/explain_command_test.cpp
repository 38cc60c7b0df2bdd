// SPDX-License-Identifier: Apache-2.0
// unmask explain, as its users meet it.
#include <gtest/gtest.h>

#include <set>

#include "data/picture.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

class ExplainCommand : public Program {
  protected:
    static std::string explain(const std::string& files, const std::string& out) {
        return "explain " + files + " --faces whole --out " + path(out) + " --model " + model_;
    }
    static std::set<std::string> names_in(const std::string& folder) {
        std::set<std::string> names;
        for (const auto& entry : fs::directory_iterator(path(folder)))
            names.insert(entry.path().filename().string());
        return names;
    }
};

TEST_F(ExplainCommand, WritesTheFaceTheWholeAndEveryBranch) {
    // Of 64 pixels, for a map of more than one place; one has nothing to stand out from.
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 64});
    detector.initialize(1);
    save_detector(path("wide.safetensors"), detector);
    write_png(path("wide.png"), tiny_face(true, 1, 64));
    const Outcome outcome = run_program("explain " + path("wide.png") + " --faces whole --out " +
                                        path("one") + " --model " + path("wide.safetensors"));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    const std::string stem = "wide-frame-0-face-1-";
    EXPECT_EQ(names_in("one"), (std::set<std::string>{stem + "branch-1.png", stem + "branch-2.png",
                                                      stem + "face.png", stem + "whole.png"}));
    const Image face = read_picture(path("one") + "/" + stem + "face.png");
    for (const std::string& name : names_in("one")) {
        const Image picture = read_picture(path("one") + "/" + name);
        EXPECT_EQ(picture.width, 256) << name;
        EXPECT_EQ(picture.height, 256) << name;
        EXPECT_NE(outcome.output.find(path("one") + "/" + name), std::string::npos) << outcome.output;
    }
    // The face is the picture, 4 times as large, the least that has 224 pixels; the map lies over it.
    const Image source = read_picture(path("wide.png"));
    EXPECT_EQ(face, resize(source, 256, 256));
    EXPECT_NE(read_picture(path("one") + "/" + stem + "whole.png"), face);
}

TEST_F(ExplainCommand, NumbersSeveralInputsAndNamesTheBrokenOne) {
    write_file_atomically(path("text.mp4"), "this is text");
    const Outcome outcome =
        run_program(explain(path("test-0.png") + " " + path("text.mp4") + " " + path("test-1.png"), "some"));
    EXPECT_EQ(outcome.code, 1);
    EXPECT_NE(outcome.errors.find("text.mp4"), std::string::npos) << outcome.errors;
    std::set<std::string> expected;
    for (const char* stem : {"1-test-0", "3-test-1"})
        for (const char* what : {"branch-1", "branch-2", "face", "whole"})
            expected.insert(fmt::format("{}-frame-0-face-1-{}.png", stem, what));
    EXPECT_EQ(names_in("some"), expected);
}

TEST_F(ExplainCommand, WhatIsRefusedLeavesNoFolder) {
    expect_failure(explain("-", "none"), {"expected files", "standard input"});
    EXPECT_FALSE(fs::exists(path("none")));
    expect_failure("explain " + path("test-0.png") + " --faces whole --out " + path("none") + " --model " +
                       path("absent.safetensors"),
                   {"absent.safetensors"});
    EXPECT_FALSE(fs::exists(path("none")));
    // A folder that cannot be is named before the work.
    write_file_atomically(path("file"), "x");
    expect_failure(explain(path("test-0.png"), "file"), {path("file")});
}

}  // namespace
}  // namespace unmask
