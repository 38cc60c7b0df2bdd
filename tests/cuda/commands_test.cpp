// SPDX-License-Identifier: Apache-2.0
// The program's commands on the emulated GPU, by a program that is built with it: what they answer on the
// CPU.
#include <gtest/gtest.h>

#include <map>

#include "data/picture.h"
#include "models/checkpoint.h"
#include "tests/apps/program_fixture.h"
#include "tests/cuda/alike.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

class GpuCommands : public Program {
  protected:
    static void expect_the_cpus_answer(const std::string& arguments) {
        const Json expected = Json::parse(outcome_of(arguments + " --quiet --json - --threads 1"));
        for (const GpuPrecision& precision : gpu_precisions) {
            SCOPED_TRACE(precision.name);
            const std::string found = outcome_of(arguments + " --quiet --json - --threads 1 --device cuda " +
                                                 "--precision " + precision.name);
            ASSERT_FALSE(found.empty());
            expect_alike(Json::parse(found), expected, precision.distance);
            // The roundings tell that it was computed so.
            if (precision.rounds) {
                EXPECT_NE(Json::parse(found), expected);
            }
        }
    }
    // By their names.
    static std::map<std::string, Image> pictures_of(const std::string& line) {
        const TemporaryFolder folder;
        outcome_of(line + " --out " + (folder / "made").string());
        std::map<std::string, Image> pictures;
        for (const auto& entry : fs::directory_iterator(folder / "made"))
            pictures[entry.path().filename().string()] = read_picture(entry.path());
        return pictures;
    }
    static void expect_the_cpus_pictures(const std::string& line) {
        const std::map<std::string, Image> expected = pictures_of(line),
                                           found = pictures_of(line + " --device cuda");
        EXPECT_GE(expected.size(), 3u);
        ASSERT_EQ(found.size(), expected.size());
        for (const auto& [name, picture] : expected) {
            ASSERT_TRUE(found.contains(name)) << name;
            expect_alike(found.at(name), picture, name);
        }
    }
    static void expect_the_cpus_detection(const std::string& model) {
        expect_the_cpus_answer("detect " + path("test-0.png") + " " + path("test-1.png") +
                               " --faces whole --model " + model);
    }
    static void expect_the_cpus_evaluation(const std::string& model) {
        expect_the_cpus_answer("evaluate --model " + model + " --data " + data_ +
                               " --split test --bootstrap 10 --batch 3");
    }
    static std::string explanation_by(const std::string& model) {
        return "explain " + path("test-1.png") + " --faces whole --threads 1 --model " + model;
    }
};

// Two steps in float32 from the same weights.
TEST_F(GpuCommands, Train) {
    const std::string run = path("run-there");
    outcome_of("train --data " + data_ + " --out " + run + tiny_model + " --quiet --device cuda");
    const std::string record = bytes_of(run + "/run.json");
    EXPECT_NE(record.find("\"device\": \"cuda\""), std::string::npos) << record;
    const auto loss_of = [](const std::string& model) {
        const Json json =
            Json::parse(outcome_of("evaluate --model " + model + " --data " + data_ +
                                   " --split test --bootstrap 10 --threads 1 --quiet --json -"));
        return json.at("results").at(0).at("frame").at("log_loss").get<double>();
    };
    const double expected = loss_of(model_);
    EXPECT_NEAR(loss_of(run + "/best.safetensors"), expected, 1e-2 * expected);
}

TEST_F(GpuCommands, Detect) {
    expect_the_cpus_detection(model_);
}

TEST_F(GpuCommands, Evaluate) {
    expect_the_cpus_evaluation(model_);
}

TEST_F(GpuCommands, Explain) {
    // Whose last maps have several pixels, so that the heat maps are no flat colour.
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 96});
    detector.initialize(1);
    save_detector(path("larger.safetensors"), detector);
    const std::string line = explanation_by(path("larger.safetensors"));
    expect_the_cpus_pictures(line);
    // The roundings tell that it was computed so.
    EXPECT_TRUE(pictures_of(line + " --device cuda --precision bf16") != pictures_of(line));
}

TEST_F(GpuCommands, CalibrateAndVerify) {
    outcome_of("calibrate --model " + model_ + " --data " + data_ +
               " --split val --device cuda --threads 1 --out " + path("calibrated.safetensors"));
    expect_the_cpus_detection(path("calibrated.safetensors"));
    outcome_of("verify " + path("run") + " --device cuda --threads 1");
}

// Models in 8-bit integers.
class GpuIntegers : public GpuCommands {
  protected:
    static void SetUpTestSuite() {
        GpuCommands::SetUpTestSuite();
        quantized_ = path("int8.safetensors");
        outcome_of("quantize " + model_ + " --calibration " + data_ + " --threads 1 --out " + quantized_);
    }
    static inline std::string quantized_;
};

TEST_F(GpuIntegers, Detect) {
    expect_the_cpus_detection(quantized_);
}

TEST_F(GpuIntegers, Evaluate) {
    expect_the_cpus_evaluation(quantized_);
}

TEST_F(GpuIntegers, Explain) {
    expect_the_cpus_pictures(explanation_by(quantized_));
}

TEST_F(GpuIntegers, Calibrate) {
    const std::string line =
        "calibrate --model " + quantized_ + " --data " + data_ + " --split val --threads 1 --out ";
    outcome_of(line + path("there.safetensors") + " --device cuda");
    outcome_of(line + path("here.safetensors"));
    const auto found = load_detector(path("there.safetensors")).info.calibration,
               expected = load_detector(path("here.safetensors")).info.calibration;
    ASSERT_TRUE(found && expected);
    EXPECT_NEAR(found->temperature, expected->temperature, 1e-3 * expected->temperature);
}

TEST_F(GpuIntegers, QuantizeFindsTheCpusScales) {
    const ActivationScales expected = load_detector(quantized_).info.quantization->scales;
    for (const auto& [precision, share] : {std::pair{"f32", 1e-3f}, std::pair{"bf16", 0.05f}}) {
        SCOPED_TRACE(precision);
        const std::string made = path(std::string(precision) + "-there.safetensors");
        outcome_of("quantize " + model_ + " --calibration " + data_ +
                   " --threads 1 --device cuda --precision " + precision + " --out " + made);
        const ActivationScales found = load_detector(made).info.quantization->scales;
        ASSERT_EQ(found.size(), expected.size());
        for (const auto& [name, scale] : expected) EXPECT_NEAR(found.at(name), scale, share * scale) << name;
        EXPECT_EQ(fs::file_size(made), fs::file_size(quantized_));
        // The roundings tell that it was computed so.
        if (precision == std::string("bf16")) {
            EXPECT_NE(found, expected);
        }
    }
}

const std::string small =
    " --backbone resnet18 --branches 2 --width 0.125 --size 32 --batch 2 --runs 1 "
    "--threads 1 --quiet --json - --device cuda";

TEST_F(GpuCommands, Bench) {
    for (const std::string mode : {"infer", "train"})
        for (const std::string schedule : {"lockstep", "parallel"}) {
            const Json json = Json::parse(outcome_of("bench --warm-up 0 --steps 1 --mode " + mode +
                                                     " --branch-schedule " + schedule + small));
            EXPECT_EQ(json["device"], "cuda");
            EXPECT_GT(json["peak_bytes"].get<int64_t>(), 0);
        }
    const Json json =
        Json::parse(outcome_of("bench --warm-up 0 --steps 1 --input raw --precision int8" + small));
    EXPECT_EQ(json["device"], "cuda");
    EXPECT_EQ(json["precision"], "int8");
}

// What the first measured the second takes: where its schedule is kept nothing is measured again.
TEST_F(GpuCommands, BenchKeepsWhatItTimedInAFile) {
    const std::string file = path("bench-tuning.json");
    const std::string command = "bench --warm-up 0 --steps 1 --tuning " + file + small;
    const Json first = Json::parse(outcome_of(command));
    ASSERT_TRUE(fs::exists(file));
    std::string kept = bytes_of(file);
    EXPECT_NE(kept.find("branches of"), std::string::npos) << kept;
    for (const std::string schedule : {"parallel", "lockstep"}) {  // as if that had been the fastest
        const size_t begin = kept.rfind("\":\"") + 3, end = kept.find('"', begin);
        kept.replace(begin, end - begin, schedule);
        std::ofstream(file) << kept;
        EXPECT_EQ(Json::parse(outcome_of(command))["schedule_taken"], schedule);
        EXPECT_EQ(bytes_of(file), kept);
    }
    std::ofstream(file) << "no choices";
    expect_failure(command, {"bench-tuning.json"});
    EXPECT_EQ(bytes_of(file), "no choices");
    expect_failure("bench --tuning " + file, {"--tuning", "CPU"});
}

// The same calls whatever their order; parallel branches are profiled one after the other.
TEST_F(GpuCommands, Profile) {
    for (const std::string mode : {"infer", "train"}) {
        std::vector<Json> profiles;
        for (const std::string schedule : {"separate", "parallel"})
            profiles.push_back(Json::parse(
                outcome_of("profile --warm-up 1 --mode " + mode + " --branch-schedule " + schedule + small)));
        for (const Json& one : profiles) EXPECT_EQ(one["schedule"], "separate");
        EXPECT_EQ(profiles[0]["lines"].size(), profiles[1]["lines"].size());
    }
    const std::string calls = outcome_of("profile --warm-up 1 --by kernel --precision int8" + small);
    EXPECT_NE(calls.find("quantized_conv2d_forward"), std::string::npos) << calls;
    EXPECT_EQ(calls.find("\"conv2d_forward"), std::string::npos) << calls;
}

}  // namespace
}  // namespace unmask
