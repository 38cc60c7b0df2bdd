// SPDX-License-Identifier: Apache-2.0
#include "apps/training/trainer.h"

#include <cmath>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

#include "apps/evaluation/evaluate_model.h"
#include "apps/training/best_calibration.h"
#include "engine/atomic_file.h"
#include "engine/kernel.h"
#include "engine/kernel_observer.h"
#include "engine/safetensors.h"
#include "models/checkpoint.h"
#include "tests/apps/training/trainer_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/text_count.h"

namespace unmask {
namespace {

TEST_F(TrainerTest, LearnsAndLeavesACompleteRun) {
    const TrainResult result = train_detector(options("run"));
    ASSERT_EQ(result.record.epochs.size(), 6u);
    EXPECT_LT(result.record.epochs.back().loss.total, result.record.epochs.front().loss.total);
    const EpochRecord& best = result.record.epochs[size_t(result.record.best_epoch - 1)];
    EXPECT_GT(*best.validation->frame.auc, 0.9);
    for (const EpochRecord& epoch : result.record.epochs)
        EXPECT_LE(*epoch.validation->frame.auc, *best.validation->frame.auc);

    // The model file alone gives the validation's figures again.
    const Evaluation evaluation =
        evaluate_model({.model = result.best, .data = {data_}, .split = "val"}).front().evaluation;
    EXPECT_DOUBLE_EQ(*evaluation.all.frame.auc, *best.validation->frame.auc);
    EXPECT_NEAR(*evaluation.all.frame.log_loss, *best.validation->frame.log_loss, 1e-6);
    // It comes calibrated on them, the checkpoint does not.
    const std::optional<Calibration> calibration = load_detector(result.best).info.calibration;
    ASSERT_TRUE(calibration);
    EXPECT_EQ(calibration->real, best.validation->frame.real);
    EXPECT_EQ(calibration->fake, best.validation->frame.fake);
    const std::optional<CalibrationFit> fit = calibration_of_run(result.best.parent_path());
    ASSERT_TRUE(fit);
    EXPECT_EQ(*calibration, fit->calibration);
    EXPECT_FALSE(load_detector(result.last).info.calibration);
    const auto test = evaluate_model({.model = result.best, .data = {data_}, .split = "test"});
    EXPECT_GT(*test.front().evaluation.all.frame.auc, 0.9);

    const auto json = nlohmann::json::parse(bytes_of(folder_ / "run" / "run.json"));
    EXPECT_EQ(json["status"], "done");
    EXPECT_EQ(json["seed"], 3);
    EXPECT_EQ(json["results"]["epochs"].size(), 6u);
    EXPECT_EQ(json["configuration"]["model"]["width"], 0.125);
    EXPECT_EQ(json["data"]["train_pictures"], 48);
    std::istringstream metrics(bytes_of(folder_ / "run" / "metrics.csv"));
    int lines = 0;
    for (std::string line; std::getline(metrics, line);) ++lines;
    EXPECT_EQ(lines, 7);
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run"))
        EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(TrainerTest, TheSameSeedGivesTheSameBytes) {
    TrainOptions first = options("first"), second = options("second"), other = options("other");
    for (TrainOptions* each : {&first, &second, &other}) {
        each->epochs = 2;
        each->mixup = 0.5;
    }
    second.workers = 3;  // the threads that load pictures change nothing
    other.seed = 4;
    train_detector(first);
    train_detector(second);
    train_detector(other);
    for (const char* name : {"best.safetensors", "last.safetensors"}) {
        const std::string bytes = bytes_of(folder_ / "first" / name);
        EXPECT_GT(bytes.size(), 1000u);
        EXPECT_TRUE(bytes == bytes_of(folder_ / "second" / name)) << name;
        EXPECT_FALSE(bytes == bytes_of(folder_ / "other" / name)) << name;
    }
}

TEST_F(TrainerTest, OnThePortablePathTheNumberOfThreadsChangesNoByte) {
    const PortableScope portable;
    for (const int threads : {1, 2}) {
        TrainOptions once = options(fmt::format("threads-{}", threads));
        once.threads = threads;
        once.epochs = 2;
        once.clip = 1;
        once.average_decay = 0.9;
        set_thread_count(threads);
        train_detector(once);
    }
    set_thread_count(1);
    for (const char* name : {"best.safetensors", "last.safetensors"})
        EXPECT_TRUE(bytes_of(folder_ / "threads-1" / name) == bytes_of(folder_ / "threads-2" / name)) << name;
}

TEST_F(TrainerTest, AnExistingRunIsOnlyReplacedWhenAsked) {
    TrainOptions once = options("run");
    once.epochs = 1;
    train_detector(once);
    const std::string before = bytes_of(folder_ / "run" / "last.safetensors");
    expect_error([&] { train_detector(once); }, {(folder_ / "run").string(), "not empty", "--overwrite"});
    EXPECT_TRUE(bytes_of(folder_ / "run" / "last.safetensors") == before);
    once.overwrite = true;
    once.seed = 9;
    train_detector(once);
    EXPECT_FALSE(bytes_of(folder_ / "run" / "last.safetensors") == before);
}

TEST_F(TrainerTest, AnInterruptedRunGoesOnToTheSameBytes) {
    TrainOptions whole = options("whole"), parts = options("parts");
    for (TrainOptions* each : {&whole, &parts}) {
        each->epochs = 4;
        each->mixup = 0.5;
    }
    train_detector(whole);
    parts.stop_after = 2;
    train_detector(parts);
    EXPECT_EQ(nlohmann::json::parse(bytes_of(folder_ / "parts" / "run.json"))["status"], "stopped");
    EXPECT_FALSE(bytes_of(folder_ / "parts" / "last.safetensors") ==
                 bytes_of(folder_ / "whole" / "last.safetensors"));
    parts.stop_after = 0;
    expect_error([&] { train_detector(parts); }, {"not empty", "--resume"});
    parts.resume = true;
    const TrainResult result = train_detector(parts);
    EXPECT_EQ(result.record.epochs.size(), 4u);
    for (const char* name : {"best.safetensors", "last.safetensors"})
        EXPECT_TRUE(bytes_of(folder_ / "whole" / name) == bytes_of(folder_ / "parts" / name)) << name;
    // Another setting, other data, or no run at all.
    TrainOptions other = parts;
    other.schedule.learning_rate = 0.5;
    expect_error([&] { train_detector(other); }, {"last.safetensors", "expected lr = 0.003", "lr = 0.5"});
    other = parts;
    other.output = folder_ / "nothing";
    expect_error([&] { train_detector(other); }, {"nothing", "run.json is missing"});
    write_tiny_faces(folder_.path(), 40, 16, 16);
    expect_error([&] { train_detector(parts); }, {"last.safetensors", "other data"});
}

TEST_F(TrainerTest, ARunThatFailedBeforeItsFirstModelDoesNotBlockItsFolder) {
    TrainOptions once = options("run");
    once.epochs = 1;
    once.batch = 48;  // the only step
    const std::string picture = bytes_of(folder_ / "train-3.png");
    write_file_atomically(folder_ / "train-3.png", "no picture");
    expect_error([&] { train_detector(once); }, {"train-3.png"});
    EXPECT_TRUE(std::filesystem::exists(folder_ / "run" / "run.json"));
    write_file_atomically(folder_ / "train-3.png", picture);
    // What a process that was killed left behind: no other process has the number 2^22 + 1.
    write_file_atomically(folder_ / "run" / "best.safetensors.tmp4194305", "half");
    write_file_atomically(folder_ / "run" / "run.json.tmp4194305", "half");
    train_detector(once);
    for (const auto& entry : std::filesystem::directory_iterator(folder_ / "run"))
        EXPECT_EQ(entry.path().string().find(".tmp"), std::string::npos) << entry.path();
}

TEST_F(TrainerTest, WithoutValidationTheLastModelIsTheBest) {
    TrainOptions once = options("run");
    once.data = write_tiny_faces(folder_.path(), 16, 0, 4);
    once.epochs = 2;
    const TrainResult result = train_detector(once);
    EXPECT_EQ(result.record.best_epoch, 2);
    const auto best = load_detector(result.best), last = load_detector(result.last);
    for (const auto& [name, value] : last.detector->state())
        EXPECT_EQ(value.to_floats(), best.detector->state().at(name).to_floats()) << name;
    EXPECT_EQ(best.info.training.at("epoch"), "2");
}

TEST_F(TrainerTest, ALossThatIsNoNumberStopsAndNamesStepTermsAndFiles) {
    TrainOptions wild = options("run");
    wild.epochs = 1;
    train_detector(wild);
    const std::string good = bytes_of(folder_ / "run" / "last.safetensors");
    // A model whose logits are beyond float32.
    TensorFile file = read_safetensors(folder_ / "run" / "last.safetensors");
    for (auto& [name, tensor] : file.tensors)
        if (name == "global_head.weight") std::fill_n(tensor.data<float>(), tensor.numel(), 3e38f);
    write_safetensors(folder_ / "broken.safetensors", file);
    wild.output = folder_ / "second";
    wild.initial = (folder_ / "broken.safetensors").string();
    expect_error([&] { train_detector(wild); }, {"step 1", "loss is nan", "classification", "--lr", "train-",
                                                 "nothing of the run was kept yet"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "second" / "last.safetensors"));
    const auto json = nlohmann::json::parse(bytes_of(folder_ / "second" / "run.json"));
    EXPECT_NE(json["status"].get<std::string>().find("step 1"), std::string::npos);
    EXPECT_TRUE(bytes_of(folder_ / "run" / "last.safetensors") == good);
}

TEST_F(TrainerTest, BranchesInLockstepGiveTheSameModel) {
    TrainOptions separate = options("separate"), lockstep = options("lockstep");
    separate.epochs = lockstep.epochs = 1;
    lockstep.compute.schedule = BranchSchedule::lockstep;
    EXPECT_EQ(bytes_of(train_detector(lockstep).last), bytes_of(train_detector(separate).last));
    const auto json = nlohmann::json::parse(bytes_of(folder_ / "lockstep" / "run.json"));
    EXPECT_EQ(json["schedule"], "lockstep");
}

// The second step's loss overflows: the checkpoint after the first stays and can be read.
TEST_F(TrainerTest, ALossThatIsNoNumberKeepsTheLastGoodCheckpoint) {
    TrainOptions wild = options("run");
    wild.schedule.learning_rate = 1e20;
    wild.checkpoint_minutes = 0;
    const std::string last = (folder_ / "run" / "last.safetensors").string();
    expect_error([&] { train_detector(wild); },
                 {"step 2", "the loss is", "classification", "train-", "is kept up to step 1 (epoch 1 of 6)",
                  "with other settings: unmask train --init " + last + " --out"});
    wild.output = folder_ / "again";
    try {
        train_detector(wild);
        ADD_FAILURE() << "the loss is a number";
    } catch (const Error& error) {
        const std::string text = error.what();
        EXPECT_NE(text.find(fmt::format(" and {} more", wild.batch - 3)), std::string::npos) << text;
        EXPECT_EQ(count_of(".png", text), 3u) << text;
    }
    const LoadedDetector kept = load_detector(folder_ / "run" / "last.safetensors");
    EXPECT_EQ(kept.info.training.at("steps"), "1");
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "best.safetensors"));
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "checkpoints"));
}

TEST_F(TrainerTest, StartsFromAnotherModelOfTheSameKind) {
    TrainOptions once = options("run");
    once.epochs = 1;
    train_detector(once);
    TrainOptions next = options("next");
    next.epochs = 1;
    next.initial = (folder_ / "run" / "last.safetensors").string();
    next.schedule.learning_rate = 0;
    train_detector(next);
    const auto before = load_detector(folder_ / "run" / "last.safetensors").detector->state();
    const auto after = load_detector(folder_ / "next" / "last.safetensors").detector->state();
    EXPECT_EQ(after.at("global_head.weight").to_floats(), before.at("global_head.weight").to_floats());
    next.output = folder_ / "third";
    next.model.branches = 3;
    expect_error([&] { train_detector(next); }, {"last.safetensors", "3 branches", "found resnet18, 2"});
}

TEST_F(TrainerTest, MissingPicturesAndSplitsAreNamed) {
    std::filesystem::remove(folder_ / "train-3.png");
    expect_error([&] { train_detector(options("run")); }, {"train-3.png"});
    write_file_atomically(folder_ / "only-test.csv", "path,label,split\ntest-0.png,real,test\n");
    TrainOptions once = options("run");
    once.data = folder_ / "only-test.csv";
    expect_error([&] { train_detector(once); }, {"only-test.csv", "no rows in split train", "test 1"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run"));
}

// Half of the parameters are those of the next step then.
TEST_F(TrainerTest, AStepThatFailsWhileItUpdatesIsNotKept) {
    class Failure final : public KernelObserver {
      public:
        void called(const KernelCall& call) override {
            if (std::string_view(call.name()) == "information_objective_forward") ++steps_;
            if (std::string_view(call.name()) == "adam_step" && steps_ == 3 && ++updates_ == 9)
                throw Error("no memory");
        }

      private:
        int steps_ = 0, updates_ = 0;
    };
    TrainOptions failing = options("run");
    {
        const Failure failure;
        expect_error([&] { train_detector(failing); }, {"no memory"});
    }
    EXPECT_FALSE(std::filesystem::exists(folder_ / "run" / "last.safetensors"));
    failing.output = folder_ / "saved";
    failing.checkpoint_minutes = 0;
    {
        const Failure failure;
        expect_error([&] { train_detector(failing); },
                     {"no memory", "the latest steps are lost", "is kept up to step 2"});
    }
    EXPECT_EQ(load_detector(folder_ / "saved" / "last.safetensors").info.training.at("steps"), "2");
}

}  // namespace
}  // namespace unmask
