// SPDX-License-Identifier: Apache-2.0
// unmask detect, as its users meet it.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <nlohmann/json.hpp>

#include "data/video.h"
#include "data/video_writer.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"
#include "tests/support/file_bytes.h"

namespace unmask {
namespace {

class DetectCommand : public Program {};

TEST_F(DetectCommand, DetectsOnWholePictures) {
    const std::string files = path("test-0.png") + " " + path("test-1.png");
    const Outcome outcome =
        run_program("detect " + files + " --faces whole --threshold 0.5 --json - --model " + model_);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    const auto json = nlohmann::json::parse(outcome.output);
    ASSERT_EQ(json.size(), 2u);
    for (const auto& file : json) {
        EXPECT_EQ(file["kind"], "picture");
        EXPECT_TRUE(file["score"].is_number());
        EXPECT_TRUE(file["verdict"] == "real" || file["verdict"] == "fake");
        EXPECT_EQ(file["frames"][0]["faces"][0]["box"].size(), 4u);
        EXPECT_TRUE(file["error"].is_null());
    }
    const Outcome undecided = run_program("detect " + files + " --faces whole --band 1 --model " + model_);
    EXPECT_NE(undecided.output.find("undecided"), std::string::npos);
    // To a file, with the lines on stdout.
    EXPECT_EQ(
        run_program("detect " + files + " --faces whole --json " + path("d.json") + " --model " + model_)
            .code,
        0);
    EXPECT_EQ(nlohmann::json::parse(bytes_of(path("d.json"))).size(), 2u);
}

// Wherever a model is asked for.
TEST_F(DetectCommand, AModelOfPyTorchIsNamedWithTheCommandThatConvertsIt) {
    const std::string torch = path("a model.pth"), converted = path("a model.safetensors");
    ASSERT_EQ(run_program("convert --quiet " + model_ + " '" + torch + "'").code, 0);
    const std::string command = "unmask convert '" + torch + "' '" + converted + "'";
    const std::string ask = " --model '" + torch + "'";
    for (const std::string& asked :
         {"detect " + path("test-0.png") + " --faces whole" + ask,
          "explain " + path("test-0.png") + " --faces whole --out " + path("maps") + ask,
          "evaluate --data " + data_ + ask, "calibrate --data " + data_ + ask, "embed '" + torch + "'"})
        expect_failure(asked, {torch, "zip file as of PyTorch", command});
    // The command does what the message says.
    ASSERT_EQ(run_program("convert --quiet '" + torch + "' '" + converted + "'").code, 0);
    EXPECT_EQ(run_program("detect " + path("test-0.png") + " --faces whole --model '" + converted + "'").code,
              0);
}

TEST_F(DetectCommand, DetectsFoldersPatternsAndStandardInput) {
    const std::string end = " --faces whole --quiet --csv - --model " + model_;
    const auto lines = [](const Outcome& outcome) { return std::ranges::count(outcome.output, '\n'); };
    EXPECT_EQ(lines(run_program("detect '" + path("test-?.png") + "'" + end)), 1 + 8);
    const Outcome none = run_program("detect '" + path("*.jpg") + "' " + path("test-0.png") + end);
    EXPECT_EQ(none.code, 1);
    EXPECT_EQ(lines(none), 3);
    EXPECT_NE(none.errors.find("no file matches"), std::string::npos) << none.errors;
    // Every picture of a folder by itself, or all as one clip.
    std::filesystem::create_directory(path("some"));
    for (const char* name : {"test-0.png", "test-1.png", "test-2.png"})
        std::filesystem::copy_file(path(name), path("some") + "/" + name);
    EXPECT_EQ(lines(run_program("detect " + path("some") + end)), 1 + 3);
    const Outcome clip = run_program("detect --clip " + path("some") + end);
    EXPECT_EQ(lines(clip), 1 + 1);
    EXPECT_NE(clip.output.find(",folder,"), std::string::npos) << clip.output;
    // The same bytes by way of standard input give the same score.
    const auto score = [](const Outcome& outcome) {
        return nlohmann::json::parse(outcome.output)[0]["score"].get<double>();
    };
    const std::string json = " --faces whole --quiet --json - --model " + model_;
    const Outcome piped = run_program("detect -" + json, "", path("test-1.png"));
    EXPECT_EQ(piped.code, 0) << piped.errors;
    EXPECT_EQ(score(piped), score(run_program("detect " + path("test-1.png") + json)));
    EXPECT_EQ(nlohmann::json::parse(piped.output)[0]["file"], "-");
    expect_failure("detect - --faces whole --model " + model_, {"standard input", "nothing"});
    expect_failure("detect - - --faces whole --model " + model_, {"once"});
}

TEST_F(DetectCommand, WritesAReportOfEveryFileWithItsHeatMaps) {
    const std::string detect = "detect " + path("test-0.png") + " " + path("test-1.png") +
                               " --faces whole --model " + model_ + " --report ";
    const Outcome outcome = run_program(detect + path("report.html"));
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("test-1.png"), std::string::npos) << outcome.output;
    const std::string page = bytes_of(path("report.html"));
    for (const char* text : {"<!DOCTYPE html>", "test-0.png", "test-1.png", "Face 1", "branch 1", "branch 2",
                             "Heat map of the whole", "best.safetensors", "</html>"})
        EXPECT_NE(page.find(text), std::string::npos) << text;
    EXPECT_EQ(page.find("branch 0"), std::string::npos);
    // To stdout it is the page alone.
    const Outcome shown = run_program(detect + "-");
    EXPECT_EQ(shown.code, 0) << shown.errors;
    EXPECT_EQ(shown.output, page);
}

TEST_F(DetectCommand, SomeBrokenInputsEndWithOneAndAreNamed) {
    write_file_atomically(path("text.mp4"), "this is text");
    write_file_atomically(path("zero.png"), "");
    for (const std::string name : {"text.mp4", "zero.png", "absent.jpg"}) {
        expect_failure("detect " + path(name) + " --faces whole --model " + model_, {name}, 1);
        const Outcome both = run_program("detect " + path(name) + " " + path("test-0.png") +
                                         " --faces whole --json - --quiet --model " + model_);
        EXPECT_EQ(both.code, 1);
        const auto json = nlohmann::json::parse(both.output);
        EXPECT_EQ(json[0]["verdict"], "error");
        EXPECT_TRUE(json[0]["score"].is_null());
        EXPECT_NE(json[0]["error"].get<std::string>().find(name), std::string::npos);
        EXPECT_TRUE(json[1]["score"].is_number());
    }
}

// A PNG's header that announces 100,000 × 100,000 pixels.
std::string enormous_png() {
    std::string bytes("\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\x01\x86\xa0\0\x01\x86\xa0\x08\x02\0\0\0", 29);
    uint32_t crc = 0xFFFFFFFFu;
    for (size_t i = 12; i < bytes.size(); ++i) {
        crc ^= uint8_t(bytes[i]);
        for (int bit = 0; bit < 8; ++bit) crc = (crc >> 1) ^ (crc & 1 ? 0xEDB88320u : 0);
    }
    crc = ~crc;
    for (int shift = 24; shift >= 0; shift -= 8) bytes += char(crc >> shift);
    return bytes;
}
TEST_F(DetectCommand, AnEnormousPictureIsRefusedBeforeItIsRead) {
    write_file_atomically(path("huge.png"), enormous_png());
    expect_failure("detect " + path("huge.png") + " --faces whole --model " + model_, {"huge.png", "100000"},
                   1);
}

void write_clip(const std::string& path, uint64_t frames) {
    VideoWriter writer(path, 64, 64, 12);
    for (uint64_t i = 0; i < frames; ++i) writer.add(tiny_face(i % 2 == 1, i, 64));
    writer.finish();
}

TEST_F(DetectCommand, ATruncatedVideoIsNamed) {
    if (!video_available()) GTEST_SKIP() << "no FFmpeg in this build";
    write_clip(path("clip.mp4"), 24);
    const std::string detect = "detect --faces whole --frames 6 --model " + model_ + " ";
    const Outcome whole = run_program(detect + path("clip.mp4") + " --json -");
    EXPECT_EQ(whole.code, 0) << whole.errors;
    const auto json = nlohmann::json::parse(whole.output);
    EXPECT_EQ(json[0]["kind"], "video");
    ASSERT_EQ(json[0]["frames"].size(), 6u);
    EXPECT_EQ(json[0]["frames"][0]["index"], 2);
    EXPECT_NEAR(json[0]["frames"][0]["time"].get<double>(), 2 / 12.0, 0.01);
    const std::string bytes = bytes_of(path("clip.mp4"));
    write_file_atomically(path("half.mp4"), bytes.substr(0, bytes.size() / 2));
    write_file_atomically(path("stub.mp4"), bytes.substr(0, 100));
    expect_failure(detect + path("half.mp4"), {"half.mp4"}, 1);
    expect_failure(detect + path("stub.mp4"), {"stub.mp4"}, 1);
}

// The dynamic loader tells which files it opens.
TEST_F(DetectCommand, APictureNeedsNoFfmpeg) {
    const std::string detect = "detect --faces whole --model " + model_ + " ";
    const Outcome loaded = run_program(detect + path("test-0.png"), "env LD_DEBUG=files");
    EXPECT_EQ(loaded.code, 0) << loaded.errors;
    EXPECT_NE(loaded.errors.find("libc.so"), std::string::npos) << loaded.errors;
    EXPECT_EQ(loaded.errors.find("libavutil"), std::string::npos);
}

// Files that are no libraries hide the real ones, as where FFmpeg is not installed.
TEST_F(DetectCommand, AVideoWithoutFfmpegIsAnErrorThatNamesBoth) {
    if (!video_available()) GTEST_SKIP() << "no FFmpeg in this build";
    write_clip(path("clip.mp4"), 4);
    std::filesystem::create_directories(path("none"));
    for (int version = 50; version < 80; ++version)
        write_file_atomically(path(fmt::format("none/libavutil.so.{}", version)), "-");
    const std::string detect = "detect --faces whole --model " + model_ + " ",
                      without = "env LD_LIBRARY_PATH=" + path("none");
    EXPECT_EQ(run_program(detect + path("test-0.png"), without).code, 0);
    const Outcome failed = run_program(detect + path("clip.mp4"), without);
    EXPECT_EQ(failed.code, 1);
    for (const char* text : {"clip.mp4", "videos need FFmpeg", "libavutil"})
        EXPECT_NE(failed.errors.find(text), std::string::npos) << failed.errors;
    EXPECT_NE(run_program("--version", without).output.find("FFmpeg not found"), std::string::npos);
}

TEST_F(DetectCommand, ATargetThatCannotBeWrittenIsNamedBeforeTheWork) {
    for (const std::string& target :
         {std::string("/proc/unmask.json"), path("nowhere/a.json"), path("run")}) {
        const std::string arguments =
            "detect " + path("test-0.png") + " --faces whole --json " + target + " --model " + model_;
        expect_failure(arguments, {target});
        // The lines for people are not there either.
        EXPECT_EQ(run_program(arguments).output, "");
    }
}

// A file that is read is not also written: it would be lost.
TEST_F(DetectCommand, NoCommandReplacesWhatItReads) {
    const std::string picture = path("test-0.png"), model = " --model " + model_, data = " --data " + data_;
    const std::string again = path("again.safetensors");
    std::filesystem::copy_file(model_, again);
    std::filesystem::create_symlink(again, path("link.safetensors"));
    const std::string bytes = bytes_of(picture), manifest = bytes_of(data_), weights = bytes_of(again);
    for (const std::string& command :
         {"detect " + picture + " --faces whole --csv " + picture + model,
          "detect '" + path("test-*.png") + "' --faces whole --json " + picture + model,
          "detect " + picture + " --faces whole --json " + again + " --model " + again,
          "evaluate --json " + data_ + model + data, "calibrate --split test --out " + data_ + model + data,
          "embed " + again + " --out " + path("link.safetensors"),
          "quantize " + again + " --overwrite --out " + again + " --calibration " + data_,
          "dataset check " + data_ + " --json " + data_,
          "dataset pack " + data_ + " --overwrite --out " + data_})
        expect_failure(command, {"is an input", "choose another file"});
    EXPECT_EQ(bytes_of(picture), bytes);
    EXPECT_EQ(bytes_of(data_), manifest);
    EXPECT_EQ(bytes_of(again), weights);
    const Outcome outcome = run_program("detect " + picture + " --faces whole --json /dev/null" + model);
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_TRUE(std::filesystem::is_character_file("/dev/null"));
}

// What a model's calibration says is applied wherever the answer goes.
TEST_F(DetectCommand, AppliesTheModelsTemperatureAndBand) {
    const auto score = [&](const std::string& model) {
        const Outcome outcome =
            run_program("detect " + path("test-1.png") + " --faces whole --quiet --json - --model " + model);
        return nlohmann::json::parse(outcome.output)[0];
    };
    const std::string plain = path("plain.safetensors"), soft = path("soft.safetensors");
    save_calibration(model_, plain, {.temperature = 1, .thresholds = {}, .data = ""});
    const double before = score(plain)["score"].get<double>();
    save_calibration(model_, soft, {.temperature = 4, .thresholds = {0.1, 0.9}, .data = ""});
    const auto json = score(soft);
    EXPECT_NEAR(log_odds_of(json["score"].get<double>()), log_odds_of(before) / 4, 1e-6);
    EXPECT_EQ(json["frames"][0]["faces"][0]["score"], json["score"]);
    EXPECT_EQ(json["verdict"], "undecided");
    // Beyond the band the verdicts are on their sides.
    const double low = json["score"].get<double>();
    save_calibration(model_, soft, {.temperature = 4, .thresholds = {low / 2, low - 1e-6}, .data = ""});
    EXPECT_EQ(score(soft)["verdict"], "fake");
    save_calibration(model_, soft, {.temperature = 4, .thresholds = {low + 1e-6, 0.999}, .data = ""});
    EXPECT_EQ(score(soft)["verdict"], "real");
}

}  // namespace
}  // namespace unmask
