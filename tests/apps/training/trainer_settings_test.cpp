// SPDX-License-Identifier: Apache-2.0
// What single settings do to a training.
#include <algorithm>
#include <nlohmann/json.hpp>

#include "apps/evaluation/evaluate_model.h"
#include "models/checkpoint.h"
#include "tests/apps/training/trainer_fixture.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"

namespace unmask {
namespace {

using TrainerSettings = TrainerTest;

TEST_F(TrainerSettings, AveragedWeightsAreMeasuredAndKeptAsBest) {
    TrainOptions once = options("run");
    once.epochs = 1;  // then best and last hold the same averages
    once.average_decay = 0.8;
    once.data = write_tiny_faces(folder_.path(), 48, 16, 0);
    const TrainResult result = train_detector(once);
    const auto best = load_detector(result.best), last = load_detector(result.last);
    int apart = 0;
    for (const auto& [name, tensor] : best.detector->state()) {
        EXPECT_EQ(tensor.to_floats(), last.extra.at("average." + name).to_floats()) << name;
        apart += tensor.to_floats() != last.detector->state().at(name).to_floats() ? 1 : 0;
    }
    EXPECT_GT(apart, 100);
    const Evaluation evaluation =
        evaluate_model({.model = result.best, .data = {data_}, .split = "val"}).front().evaluation;
    EXPECT_NEAR(*evaluation.all.frame.log_loss, *result.record.epochs[0].validation->frame.log_loss, 1e-6);
}

TEST_F(TrainerSettings, OneClassAloneIsRefusedUnlessTheOtherIsMadeOfIt) {
    Manifest manifest = read_manifest(data_);
    std::erase_if(manifest.rows, [](const ManifestRow& row) { return row.label == 1; });
    TrainOptions once = options("run");
    once.data = folder_ / "real.csv";
    once.epochs = 1;
    write_manifest(once.data, manifest);
    expect_error(
        [&] { train_detector(once); },
        {"real.csv: training expected real and fake rows, found 24 real alone", "--forge self-blend"});
    EXPECT_FALSE(std::filesystem::exists(once.output));
    once.forge = Forge::self_blend;
    EXPECT_EQ(train_detector(once).record.epochs.size(), 1u);
}

TEST_F(TrainerSettings, FrozenLayersStayBitForBitUntilTheyThaw) {
    TrainOptions once = options("run");
    once.epochs = 2;
    once.weight_decay = 0.1;
    once.freeze = "stem,layer2";
    const auto moved = [&](const TrainOptions& trained) {
        Detector before(trained.model);
        before.initialize(trained.seed);
        const auto after = load_detector(train_detector(trained).last).detector->state();
        std::vector<std::string> names;
        for (const auto& [name, tensor] : before.state())
            if (tensor.to_floats() != after.at(name).to_floats()) names.push_back(name);
        return names;
    };
    const auto is_frozen = [](const std::string& name) {
        return name.find(".conv1.weight") == 10 || name.find(".bn1.") == 10 || name.find(".layer2.") == 10;
    };
    const std::vector<std::string> names = moved(once);
    EXPECT_EQ(std::ranges::count_if(names, is_frozen), 0) << names.front();
    EXPECT_GT(names.size(), 100u);
    once.output = folder_ / "thawed";
    once.freeze_epochs = 1;
    EXPECT_GT(std::ranges::count_if(moved(once), is_frozen), 10);
    once.freeze = "layer7";
    once.output = folder_ / "wrong";
    expect_error([&] { train_detector(once); }, {"layer7", "layer4"});
    EXPECT_FALSE(std::filesystem::exists(once.output));
}

TEST_F(TrainerSettings, PatienceEndsTrainingThatGetsNoBetter) {
    TrainOptions once = options("run");
    once.schedule.learning_rate = 0;  // only the running statistics move, towards the same values
    once.patience = 2;
    once.epochs = 30;
    const TrainResult result = train_detector(once);
    EXPECT_LT(result.record.epochs.size(), 30u);
    EXPECT_EQ(int64_t(result.record.epochs.size()), result.record.best_epoch + 2);
    const auto json = nlohmann::json::parse(bytes_of(folder_ / "run" / "run.json"));
    EXPECT_EQ(json["status"], "done");
    EXPECT_EQ(json["results"]["stopped_early"], true);
    once.resume = true;
    EXPECT_TRUE(train_detector(once).was_complete);
}

TEST_F(TrainerSettings, EveryNumberOfBranchesAndEveryAblationTrains) {
    TrainOptions once = options("run");
    once.epochs = 1;
    once.overwrite = true;
    once.model.width = 0.05;
    for (int branches = 1; branches <= 8; ++branches) {
        once.model.branches = branches;
        const EpochTerms loss = train_detector(once).record.epochs[0].loss;
        EXPECT_TRUE(loss.global_information.has_value()) << branches;
        EXPECT_EQ(loss.local_information.has_value(), branches > 1) << branches;
    }
    once.model.branches = 2;
    for (const Divergence divergence : {Divergence::kl, Divergence::sinkhorn})
        for (const Weighting weighting : {Weighting::automatic, Weighting::fixed})
            for (const bool global : {true, false})
                for (const bool local : {true, false}) {
                    once.objective = {.divergence = divergence,
                                      .weighting = weighting,
                                      .global_information = global,
                                      .local_information = local};
                    const EpochTerms loss = train_detector(once).record.epochs[0].loss;
                    EXPECT_EQ(loss.global_information.has_value(), global);
                    EXPECT_EQ(loss.local_information.has_value(), local);
                }
}

TEST_F(TrainerSettings, ClippingKeepsStepsSmallAndEverySwitchRuns) {
    TrainOptions once = options("run");
    once.epochs = 1;
    once.clip = 0.01;
    once.optimizer = OptimizerKind::sgd;
    once.balanced = true;
    once.oversample_real = 2;
    once.objective = {
        .divergence = Divergence::sinkhorn, .weighting = Weighting::fixed, .local_information = false};
    const TrainResult result = train_detector(once);
    EXPECT_FALSE(result.record.epochs[0].loss.local_information.has_value());
    EXPECT_TRUE(result.record.epochs[0].loss.global_information.has_value());
}

}  // namespace
}  // namespace unmask
