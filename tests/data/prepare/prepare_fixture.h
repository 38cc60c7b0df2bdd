// SPDX-License-Identifier: Apache-2.0
// A set of videos to prepare, and where the crops go.
#pragma once

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <map>
#include <string>

#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "tests/data/numbered_frames.h"
#include "tests/support/temporary_folder.h"

namespace unmask {

// Three real and three fake videos, as folders of frames so that the tests run in a build without FFmpeg too.
class Preparing : public ::testing::Test {
  protected:
    void SetUp() override {
        for (const char* label : {"real", "fake"})
            for (int video = 0; video < 3; ++video)
                for (int frame = 0; frame < 6; ++frame) {
                    const std::filesystem::path file =
                        input / label / fmt::format("v{}", video) / fmt::format("{}.png", frame);
                    std::filesystem::create_directories(file.parent_path());
                    write_png(file, numbered_frame(10 * video + frame));
                }
    }
    PrepareOptions options() {
        PrepareOptions options;
        options.input = input;
        options.output = output;
        options.frames = 3;
        options.size = 64;
        options.detector = "whole";
        return options;
    }
    // Crops by their content, so that it shows which were written anew.
    std::map<std::string, std::filesystem::file_time_type> crop_times() {
        std::map<std::string, std::filesystem::file_time_type> times;
        for (const auto& entry : std::filesystem::recursive_directory_iterator(output / "crops"))
            if (entry.is_regular_file())
                times[entry.path().lexically_relative(output).string()] = entry.last_write_time();
        return times;
    }
    TemporaryFolder folder;
    const std::filesystem::path input = folder / "set", output = folder / "out";
};

}  // namespace unmask
