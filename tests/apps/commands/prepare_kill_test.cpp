// SPDX-License-Identifier: Apache-2.0
// unmask prepare, killed again and again, ends with the very files of a run that nothing stopped.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <chrono>
#include <map>
#include <thread>

#include "data/picture.h"
#include "tests/apps/child_process.h"
#include "tests/apps/run_program.h"
#include "tests/data/numbered_frames.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

std::map<std::string, std::string> files_below(const fs::path& folder) {
    std::map<std::string, std::string> files;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
        if (entry.is_regular_file()) files[entry.path().lexically_relative(folder)] = bytes_of(entry.path());
    return files;
}

TEST(PrepareProgram, KilledRunsEndAsOneThatWasNot) {
    const TemporaryFolder folder;
    constexpr int videos = 12;
    for (int video = 0; video < videos; ++video)
        for (int frame = 0; frame < 4; ++frame) {
            const fs::path file = folder / "set" / (video % 2 == 0 ? "real" : "fake") /
                                  fmt::format("v{}", video) / fmt::format("{}.png", frame);
            fs::create_directories(file.parent_path());
            write_png(file, numbered_frame(10 * video + frame));
        }
    const auto prepare = [&](const std::string& output, const std::string& before) {
        return run_program(
            fmt::format("prepare --videos {} --out {} --faces whole --size 512 --threads 2 --quiet",
                        (folder / "set").string(), (folder / output).string()),
            before);
    };
    ASSERT_EQ(prepare("once", "").code, 0);
    const auto records = [&] {
        int64_t count = 0;
        if (fs::exists(folder / "killed/records"))
            for (const auto& entry : fs::recursive_directory_iterator(folder / "killed/records"))
                count += entry.is_regular_file() ? 1 : 0;
        return count;
    };
    int kills = 0, in_the_middle = 0;
    for (int delay = 60; delay < 6000; delay += 30) {
        const Outcome outcome = prepare("killed", fmt::format("timeout -s KILL {}", delay / 1000.0));
        if (outcome.code == 0) break;
        ASSERT_EQ(outcome.code, 137) << outcome.errors;
        ++kills;
        const int64_t done = records();
        in_the_middle += done > 0 && done < videos ? 1 : 0;
    }
    EXPECT_GT(kills, 0);
    EXPECT_GT(in_the_middle, 0) << "of " << kills << " kills";
    EXPECT_EQ(prepare("killed", "").code, 0);
    std::map<std::string, std::string> once = files_below(folder / "once"),
                                       killed = files_below(folder / "killed");
    // Temporary files that a kill left behind are no one's final name.
    std::erase_if(killed, [&](const auto& file) {
        return !once.contains(file.first) && file.first.find(".tmp") != std::string::npos;
    });
    EXPECT_EQ(killed, once);
    EXPECT_EQ(once.size(), size_t(videos) * 5 + 3);
}

TEST(PrepareProgram, CtrlCSaysHowToGoOn) {
    const TemporaryFolder folder;
    for (int frame = 0; frame < 400; ++frame) {
        const fs::path file =
            folder / "set/real" / fmt::format("v{}", frame / 4) / fmt::format("{}.png", frame);
        fs::create_directories(file.parent_path());
        write_png(file, numbered_frame(frame % 30));
    }
    const std::vector<std::string> command{"prepare",
                                           "--videos",
                                           (folder / "set").string(),
                                           "--out",
                                           (folder / "out").string(),
                                           "--faces",
                                           "whole",
                                           "--size",
                                           "1024",
                                           "--threads",
                                           "1"};
    ChildProcess child(command, folder / "log");
    while (child.running() && !fs::exists(folder / "out/records"))
        std::this_thread::sleep_for(std::chrono::milliseconds(1));
    child.send(SIGINT);
    EXPECT_EQ(child.wait(), 128 + SIGINT) << bytes_of(folder / "log");
    EXPECT_NE(bytes_of(folder / "log")
                  .find("of 100 videos are done in " + (folder / "out").string() +
                        "; the same command goes on from there"),
              std::string::npos)
        << bytes_of(folder / "log");
    EXPECT_EQ(bytes_of(folder / "log").find("interrupted: 0 of"), std::string::npos)
        << bytes_of(folder / "log");
    EXPECT_FALSE(fs::exists(folder / "out/.lock"));
    EXPECT_FALSE(fs::exists(folder / "out/faces.csv"));
}

}  // namespace
}  // namespace unmask
