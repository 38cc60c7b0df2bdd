// SPDX-License-Identifier: Apache-2.0
// The program as its users meet it: exit codes, messages, files.
#include <gtest/gtest.h>

#include <algorithm>
#include <nlohmann/json.hpp>

#include "data/video.h"
#include "data/video_writer.h"
#include "engine/atomic_file.h"
#include "models/checkpoint.h"
#include "tests/apps/run_program.h"
#include "tests/apps/tiny_faces.h"

namespace unmask {
namespace {

const std::string tiny_model =
    " --backbone resnet18 --branches 2 --width 0.125 --size 32 --epochs 1 --batch 16 --threads 1";

// One trained model for all tests of this file.
class Program : public testing::Test {
  protected:
    static void SetUpTestSuite() {
        folder_ = new TemporaryFolder;
        data_ = write_tiny_faces(folder_->path(), 32, 8, 8).string();
        trained_ = new Outcome(run_program("train --data " + data_ + " --out " + path("run") + tiny_model));
        model_ = path("run") + "/best.safetensors";
    }
    static void TearDownTestSuite() {
        delete trained_;
        delete folder_;
    }
    static std::string path(const std::string& name) { return (folder_->path() / name).string(); }

    // The program fails with this code and one line on stderr that holds the texts.
    static void expect_failure(const std::string& arguments, const std::vector<std::string>& texts,
                               int code = 2) {
        const Outcome outcome = run_program(arguments + " --quiet");
        EXPECT_EQ(outcome.code, code) << arguments << "\n" << outcome.errors;
        EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
        EXPECT_EQ(outcome.errors.rfind("unmask: error: ", 0), 0u) << outcome.errors;
        for (const std::string& text : texts)
            EXPECT_NE(outcome.errors.find(text), std::string::npos)
                << "expected '" << text << "' in " << outcome.errors;
    }

    static inline TemporaryFolder* folder_ = nullptr;
    static inline Outcome* trained_ = nullptr;
    static inline std::string data_, model_;
};

TEST_F(Program, HelpAndVersionAreNoErrors) {
    for (const char* arguments : {"--help", "train --help", "detect --help", "--version"}) {
        const Outcome outcome = run_program(arguments);
        EXPECT_EQ(outcome.code, 0) << arguments;
        EXPECT_EQ(outcome.errors, "");
        EXPECT_FALSE(outcome.output.empty());
    }
    EXPECT_NE(run_program("--help").output.find("Exit codes"), std::string::npos);
    EXPECT_NE(run_program("detect --help").output.find("highest of its faces"), std::string::npos);
    EXPECT_EQ(run_program("--version").output.rfind("unmask ", 0), 0u);
}

TEST_F(Program, WrongUsageEndsWithTwo) {
    expect_failure("", {"subcommand"});
    expect_failure("tran", {"found \"tran\"", "prepare, dataset, train"});
    expect_failure("--bogus", {"--bogus"});
    expect_failure("train --bogus 3", {"--bogus"});
    expect_failure("detect", {"files"});
    expect_failure("bench --batch zero", {"batch", "zero"});
    expect_failure("bench --mode walk", {"walk", "infer"});
    expect_failure("bench --mode train --batch 1", {"--batch must be at least 2"});
    expect_failure("bench --batch 65536 --size 4096", {"at least", "65536", "4096", "TiB", "of memory"});
    expect_failure("bench --width nan", {"--width", "from 0.01 to 16", "nan"});
    for (const char* option : {"--threshold", "--band", "--margin"})
        expect_failure("detect a.png --model b " + std::string(option) + " nan", {option, "nan"});
    expect_failure("prepare --videos a --out b --margin nan", {"--margin", "nan"});
    expect_failure("prepare --videos a --out b --split nan,0.5,0.5", {"--split", "nan"});
    for (const char* command : {"prepare --videos a --out ", "demo --out ", "train --data a --out "})
        expect_failure(command + path("x") + " --seed 9223372036854775808",
                       {"--seed", "9223372036854775808"});
    expect_failure("bench --backbone vgg", {"vgg", "resnet18"});
    expect_failure("bench --threads -1", {"threads", "-1"});
    expect_failure("bench --device tpu", {"tpu", "cuda"});
    expect_failure("bench --log-level loud", {"log-level", "loud"});
    expect_failure("train --out " + path("x"), {"--data"});
    expect_failure("train --data " + data_, {"--out"});
    expect_failure("train --data " + data_ + " --out " + path("x") + " --lr quick", {"--lr", "quick"});
    expect_failure("train --data " + data_ + " --out " + path("x") + " --branches 9",
                   {"--branches", "from 1 to 8"});
    EXPECT_FALSE(std::filesystem::exists(path("x")));
}

TEST_F(Program, TrainsAndWritesTheRun) {
    EXPECT_EQ(trained_->code, 0) << trained_->errors;
    EXPECT_NE(trained_->output.find("best.safetensors"), std::string::npos);
    for (const char* name : {"best.safetensors", "last.safetensors", "metrics.csv", "run.json"})
        EXPECT_TRUE(std::filesystem::exists(path("run") + "/" + name)) << name;
    EXPECT_EQ(nlohmann::json::parse(text_of(path("run") + "/run.json"))["configuration"]["model"]["size"],
              32);
    expect_failure("train --data " + data_ + " --out " + path("run") + tiny_model,
                   {path("run"), "not empty"});
}

TEST_F(Program, AnInterruptedTrainingKeepsItsEpochs) {
    std::string train = "train --data " + data_ + " --out " + path("stopped") + tiny_model;
    train.replace(train.find("--epochs 1"), 10, "--epochs 1000000");
    const Outcome outcome = run_program(train + " --quiet --lr 1e-5",
                                        "timeout --preserve-status --signal TERM --kill-after 60 3");
    EXPECT_EQ(outcome.code, 143) << outcome.errors;
    EXPECT_EQ(std::ranges::count(outcome.errors, '\n'), 1) << outcome.errors;
    EXPECT_NE(outcome.errors.find("is kept up to step"), std::string::npos) << outcome.errors;
    EXPECT_NE(outcome.errors.find("unmask train --resume " + path("stopped")), std::string::npos)
        << outcome.errors;
    const auto json = nlohmann::json::parse(text_of(path("stopped") + "/run.json"));
    EXPECT_EQ(json["status"], "interrupted");
    EXPECT_EQ(load_detector(path("stopped") + "/last.safetensors").info.training.at("epoch"),
              fmt::format("{}", json["results"]["epochs"].size()));
}

TEST_F(Program, TheCommandLineWinsOverTheRecipe) {
    write_file_atomically(path("a.toml"),
                          "[optimization]\nepochs = 3\nlr = 0.5\n[model]\nbackbone = \"resnet18\"\n");
    const Outcome outcome =
        run_program("train --config " + path("a.toml") + " --lr 0.25 --no-local-information --print-recipe");
    EXPECT_EQ(outcome.code, 0) << outcome.errors;
    EXPECT_NE(outcome.output.find("epochs = 3 "), std::string::npos);
    EXPECT_NE(outcome.output.find("lr = 0.25 "), std::string::npos);
    EXPECT_NE(outcome.output.find("local_information = false"), std::string::npos);
    EXPECT_NE(outcome.output.find("global_information = true"), std::string::npos);
    write_file_atomically(path("b.toml"), "[optimization]\nepoch = 3\n");
    expect_failure("train --config " + path("b.toml") + " --print-recipe", {"b.toml:2", "epoch"});
}

TEST_F(Program, EvaluatesForPeopleAndPrograms) {
    const std::string arguments = "evaluate --model " + model_ + " --data " + data_;
    const Outcome table = run_program(arguments);
    EXPECT_EQ(table.code, 0) << table.errors;
    EXPECT_NE(table.output.find("AUC"), std::string::npos);
    const Outcome answer = run_program(arguments + " --split val --json -");
    const auto json = nlohmann::json::parse(answer.output)["results"][0];
    EXPECT_EQ(json["protocol"]["split"], "val");
    EXPECT_EQ(json["frame"]["real"], 4);
    EXPECT_EQ(json["video"]["fake"], 2);
    for (const char* metric : {"accuracy", "auc", "eer", "average_precision", "log_loss"})
        EXPECT_TRUE(json["frame"][metric].is_number()) << metric;
    // One class alone: no number.
    write_file_atomically(path("real.csv"), "path,label\ntest-0.png,real\ntest-2.png,real\n");
    const auto single = nlohmann::json::parse(
        run_program("evaluate --model " + model_ + " --data " + path("real.csv") + " --json - --quiet")
            .output)["results"][0];
    EXPECT_EQ(single["protocol"]["split"], "all");
    EXPECT_TRUE(single["frame"]["auc"].is_null());
    EXPECT_TRUE(single["frame"]["eer"].is_null());
    // Two manifests in one table, in three forms.
    const Outcome two = run_program(arguments + " --data " + data_ + " --bootstrap 50 --markdown " +
                                    path("t.md") + " --csv " + path("t.csv") + " --quiet");
    EXPECT_EQ(two.code, 0) << two.errors;
    EXPECT_NE(two.output.find("50 resamples"), std::string::npos) << two.output;
    EXPECT_NE(text_of(path("t.md")).find("| video |"), std::string::npos);
    EXPECT_EQ(std::ranges::count(text_of(path("t.csv")), '\n'), 5);
    expect_failure(arguments + " --json - --csv -", {"only one of"});
    expect_failure(arguments + " --threshold nan", {"--threshold", "nan"});
    expect_failure(arguments + " --split dev", {"--split", "dev", "train", "val", "test", "all"});
    write_file_atomically(path("dev.csv"), "path,label,split\ntest-0.png,real,val\ntest-1.png,fake,val\n");
    expect_failure("evaluate --model " + model_ + " --data " + path("dev.csv"),
                   {"no rows in split test", "val 2"});
    // A disk that is full.
    for (const std::string& command : {arguments + " --quiet", std::string("train --help")})
        EXPECT_EQ(run_program(command + " >/dev/full; exit; true").code, 2);
}

TEST_F(Program, DetectsOnWholePictures) {
    const std::string files = path("test-0.png") + " " + path("test-1.png");
    const Outcome outcome = run_program("detect " + files + " --faces whole --json - --model " + model_);
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
    EXPECT_EQ(nlohmann::json::parse(text_of(path("d.json"))).size(), 2u);
}

TEST_F(Program, SomeBrokenInputsEndWithOneAndAreNamed) {
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

TEST_F(Program, AnEnormousPictureIsRefusedBeforeItIsRead) {
    write_file_atomically(path("huge.png"), enormous_png());
    expect_failure("detect " + path("huge.png") + " --faces whole --model " + model_, {"huge.png", "100000"},
                   1);
}

TEST_F(Program, ATruncatedVideoIsNamed) {
    if (!video_available()) GTEST_SKIP() << "no FFmpeg in this build";
    {
        VideoWriter writer(path("clip.mp4"), 64, 64, 12);
        for (uint64_t i = 0; i < 24; ++i) writer.add(tiny_face(i % 2 == 1, i, 64));
        writer.finish();
    }
    const std::string detect = "detect --faces whole --frames 6 --model " + model_ + " ";
    const Outcome whole = run_program(detect + path("clip.mp4") + " --json -");
    EXPECT_EQ(whole.code, 0) << whole.errors;
    const auto json = nlohmann::json::parse(whole.output);
    EXPECT_EQ(json[0]["kind"], "video");
    ASSERT_EQ(json[0]["frames"].size(), 6u);
    EXPECT_EQ(json[0]["frames"][0]["index"], 2);
    EXPECT_NEAR(json[0]["frames"][0]["time"].get<double>(), 2 / 12.0, 0.01);
    const std::string bytes = text_of(path("clip.mp4"));
    write_file_atomically(path("half.mp4"), bytes.substr(0, bytes.size() / 2));
    write_file_atomically(path("stub.mp4"), bytes.substr(0, 100));
    expect_failure(detect + path("half.mp4"), {"half.mp4"}, 1);
    expect_failure(detect + path("stub.mp4"), {"stub.mp4"}, 1);
}

TEST_F(Program, AModelCutInHalfIsRefused) {
    const std::string bytes = text_of(model_);
    write_file_atomically(path("half.safetensors"), bytes.substr(0, bytes.size() / 2));
    expect_failure("detect " + path("test-0.png") + " --model " + path("half.safetensors"),
                   {"half.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + path("half.safetensors"), {"half.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + path("none.safetensors"), {"none.safetensors"});
    expect_failure("evaluate --data " + data_ + " --model " + data_, {"faces.csv"});
}

TEST_F(Program, AManifestWithMissingFilesNamesThem) {
    write_file_atomically(path("missing.csv"),
                          "path,label,split\ngone-1.png,real,test\ngone-2.png,fake,test\n");
    expect_failure("evaluate --model " + model_ + " --data " + path("missing.csv"),
                   {"gone-1.png", "gone-2.png", "2"});
    expect_failure("train --out " + path("x") + " --data " + path("none.csv"), {"none.csv"});
    write_file_atomically(path("bad.csv"), "path,label\na.png,perhaps\n");
    expect_failure("train --out " + path("x") + " --data " + path("bad.csv"), {"bad.csv", "perhaps"});
    EXPECT_FALSE(std::filesystem::exists(path("x")));
}

TEST_F(Program, AFolderThatCannotBeWrittenIsNamed) {
    // Below a file, and in the kernel's own tree: nobody may write there, not even root.
    for (const std::string& folder : {data_ + "/run", std::string("/proc/unmask-run")}) {
        expect_failure("train --data " + data_ + " --out " + folder + tiny_model, {folder});
        expect_failure("demo --out " + folder, {folder});
    }
    // Before the work: the lines for people are not there either.
    for (const std::string& target :
         {std::string("/proc/unmask.json"), path("nowhere/a.json"), path("run")}) {
        const std::string arguments =
            "detect " + path("test-0.png") + " --faces whole --json " + target + " --model " + model_;
        expect_failure(arguments, {target});
        EXPECT_EQ(run_program(arguments).output, "");
    }
}

TEST_F(Program, CudaIsAClearErrorWithoutItsBackend) {
    const Outcome outcome = run_program("bench --device cuda --quiet --size 32 --batch 2 --runs 1");
    if (outcome.code == 0) GTEST_SKIP() << "this build and machine have CUDA";
    expect_failure("bench --device cuda", {"device cuda"});
}

TEST_F(Program, BenchesInferenceAndTraining) {
    for (const std::string mode : {"infer", "train"}) {
        const Outcome outcome =
            run_program("bench --mode " + mode +
                        " --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 4 "
                        "--runs 2 --warm-up 1 --threads 1 --json -");
        EXPECT_EQ(outcome.code, 0) << outcome.errors;
        const auto json = nlohmann::json::parse(outcome.output);
        EXPECT_EQ(json["mode"], mode);
        EXPECT_GT(json["seconds"].get<double>(), 0);
        EXPECT_NEAR(json["images_per_second"].get<double>(), 4 / json["seconds"].get<double>(), 1e-6);
        EXPECT_GT(json["peak_bytes"].get<int64_t>(), 1000);
    }
}

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
    expect_failure("prepare --videos " + path("nowhere") + " --out " + path("p"), {"nowhere"});
    expect_failure("prepare --videos " + path("raw") + " --out " + path("p") + " --label maybe",
                   {"--label", "maybe"});
}

}  // namespace
}  // namespace unmask
