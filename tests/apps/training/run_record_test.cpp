// SPDX-License-Identifier: Apache-2.0
#include "apps/training/run_record.h"

#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "apps/settings/recipe.h"
#include "apps/training/term_means.h"
#include "data/video.h"
#include "engine/kernel.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

EpochRecord first_epoch() {
    return {
        .epoch = 1,
        .steps = 25,
        .loss = {.total = 3.5, .classification = 2.25, .global_information = 0.5, .local_information = {}},
        .learning_rate = 0.001,
        .seconds = 1.5,
        .images_per_second = 100,
        .validation = EvaluationScores{.frame = {.real = 2, .fake = 0, .accuracy = 0.5, .log_loss = 0.7},
                                       .video = {.real = 1, .fake = 0, .accuracy = 1.0, .log_loss = 0.6}},
        .best = true};
}

TEST(RunRecord, MetricsHaveARowAnEpochAndEmptyCellsForWhatIsUndefined) {
    EpochRecord second = first_epoch();
    second.epoch = 2;
    second.validation.reset();
    second.best = false;
    EXPECT_EQ(metrics_csv({first_epoch(), second}),
              "epoch,steps,loss,classification,global_information,local_information,learning_rate,seconds,"
              "images_per_second,val_frame_accuracy,val_frame_auc,val_frame_eer,val_frame_average_precision,"
              "val_frame_log_loss,val_video_accuracy,val_video_auc,val_video_eer,val_video_average_precision,"
              "val_video_log_loss,best\n"
              "1,25,3.5,2.25,0.5,,0.001,1.500,100.00,0.5,,,,0.7,1,,,,0.6,1\n"
              "2,25,3.5,2.25,0.5,,0.001,1.500,100.00,,,,,,,,,,,0\n");
}

TEST(RunRecord, JsonHoldsWhatARunIsRepeatedFrom) {
    TrainOptions options;
    options.seed = 42;
    options.model.branches = 3;
    options.objective.weights = {1, 2, 3};
    RunRecord record{.data = "faces.csv",
                     .data_hash = "contents:0123456789abcdef",
                     .train_pictures = 7,
                     .session = current_session(1, 1, {}, true),
                     .status = "done",
                     .best_epoch = 1,
                     .epochs = {first_epoch()}};
    const auto json = nlohmann::json::parse(run_json(record, train_settings(options)));
    EXPECT_EQ(json["seed"], 42);
    EXPECT_EQ(json["configuration"]["model"]["branches"], 3);
    EXPECT_EQ(json["configuration"]["objective"]["weights"], (std::vector<double>{1, 2, 3}));
    EXPECT_EQ(json["configuration"]["augmentation"]["jpeg_quality"], 60);
    EXPECT_EQ(json["data"]["hash"], "contents:0123456789abcdef");
    EXPECT_TRUE(json["build"].contains("compiler"));
    EXPECT_TRUE(json.contains("version"));
    EXPECT_EQ(json["libraries"].contains("FFmpeg"), video_available());
    EXPECT_EQ(json["libraries"].contains("oneDNN"), onednn_available());
    for (const auto& [name, library] : json["libraries"].items())
        EXPECT_NE(library.get<std::string>().find('.'), std::string::npos) << name << " " << library;
    EXPECT_EQ(json["results"]["best_epoch"], 1);
    EXPECT_TRUE(json["results"]["epochs"][0]["validation"]["frame"]["auc"].is_null());
    EXPECT_TRUE(json["results"]["epochs"][0]["local_information"].is_null());
    // Every setting is there.
    for (const Setting& setting : train_settings(options))
        EXPECT_TRUE(json["configuration"][setting.section].contains(setting.name)) << setting.key();
}

TEST(RunRecord, TellsHowTheRunComputed) {
    TrainOptions options;
    const RunSession first{.version = "0.1", .build = {{"compiler", "gcc"}}, .threads = 3, .device = "cpu"},
        last{.from_step = 7,
             .libraries = {{"cuDNN", "9.1"}},
             .processes = 2,
             .device = "cuda:1",
             .precision = "bf16",
             .schedule = "lockstep",
             .winograd = "all",
             .recompute = "2",
             .deterministic = false};
    const RunRecord record{.session = last, .earlier_sessions = {first}, .status = "running"};
    const std::string text = run_json(record, train_settings(options));
    EXPECT_EQ(nlohmann::json::parse(text)["device"], "cuda:1");
    const RecordedRun run = recorded_run(text);
    EXPECT_EQ(run.status, "running");
    ASSERT_EQ(run.sessions.size(), 2u);
    EXPECT_EQ(run.sessions[0], first);
    EXPECT_EQ(run.sessions[1], last);
    std::string of_before = text;
    of_before.replace(of_before.find("\"recompute\": \"2\""), 16, "\"recompute\": true");
    EXPECT_EQ(recorded_run(of_before).sessions[1].recompute, "all");
}

// What rounds alike is no difference.
TEST(RunSession, SchedulesDifferWhereTheyRoundOtherwise) {
    const auto session = [](const char* device, const char* schedule, int processes = 1) {
        return RunSession{.threads = 2, .processes = processes, .device = device, .schedule = schedule};
    };
    const auto differ = [](const RunSession& then, const RunSession& now) {
        return !differences(then, now).device.empty();
    };
    EXPECT_TRUE(differ(session("cpu", "auto"), session("cpu", "separate")));
    EXPECT_TRUE(differ(session("cpu", "separate"), session("cpu", "merged_stems")));
    EXPECT_FALSE(differ(session("cpu", "auto"), session("cpu", "parallel")));
    EXPECT_FALSE(differ(session("cpu", "separate"), session("cpu", "lockstep")));
    EXPECT_FALSE(differ(session("cpu", "auto", 2), session("cpu", "separate", 2))) << "ranks";
    EXPECT_TRUE(differ(session("cuda:0", "auto"), session("cuda:0", "parallel"))) << "chosen by measurement";
    EXPECT_FALSE(differ(session("cuda:0", "auto"), session("cuda:0", "auto")));
    EXPECT_FALSE(differ(session("cuda:0", "auto", 2), session("cuda:0", "parallel", 2))) << "ranks";
    EXPECT_FALSE(differ(session("cuda:0", "lockstep"), session("cuda:0", "parallel")));
}

TEST(RunRecord, EpochsAreReadBackAsTheyWere) {
    TrainOptions options;
    EpochRecord second = first_epoch();
    second.validation.reset();
    const std::vector<EpochRecord> epochs{first_epoch(), second};
    RunRecord record;
    record.epochs = epochs;
    EXPECT_EQ(metrics_csv(recorded_run(run_json(record, train_settings(options))).epochs),
              metrics_csv(epochs));
    expect_error([] { static_cast<void>(recorded_run("{}")); },
                 {"not the record of a run: a part is missing or of another kind: key"});
    expect_error([] { static_cast<void>(recorded_run("{\"data\": ")); },
                 {"not the record of a run: the text is no JSON from byte 10 on"});
}

TEST(RunRecord, ARunIsTakenUpWithEverySettingItHad) {
    TrainOptions options;
    options.model.backbone = "resnet50";
    options.seed = 7;
    options.schedule = {.kind = ScheduleKind::step, .learning_rate = 0.1 + 0.2, .step_epochs = 3};
    options.objective.weights = {1, 2.5, 3};
    options.objective.global_information = false;
    const RunRecord record{.data = "/pictures/faces.csv", .seconds = 2.5};
    const RecordedRun run = recorded_run(run_json(record, train_settings(options)));
    EXPECT_EQ(run.data, "/pictures/faces.csv");
    EXPECT_EQ(run.seconds, 2.5);
    TrainOptions other;
    take_settings(run, train_settings(other));
    EXPECT_EQ(recipe_text(train_settings(other)), recipe_text(train_settings(options)));
    EXPECT_EQ(other.schedule.learning_rate, 0.1 + 0.2);

    RecordedRun strange = run;
    strange.settings["model.colour"] = std::string("red");
    expect_error([&] { take_settings(strange, train_settings(other)); }, {"model.colour", "lacks"});
    strange = run;
    strange.settings["model.width"] = std::string("wide");
    expect_error([&] { take_settings(strange, train_settings(other)); }, {"model.width", "wide"});
}

TEST(RunRecord, TermsAreAveragedByPictures) {
    TermMeans means;
    means.add({.total = 1, .classification = 4}, 3);
    means.add({.total = 5, .classification = 8}, 1);
    EXPECT_DOUBLE_EQ(means.means().total, 2);
    EXPECT_DOUBLE_EQ(*means.means().classification, 5);
    EXPECT_FALSE(means.means().local_information.has_value());
}

}  // namespace
}  // namespace unmask
