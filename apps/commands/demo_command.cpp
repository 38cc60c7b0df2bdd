// SPDX-License-Identifier: Apache-2.0
// unmask demo: the whole way on drawn faces, from the first picture to a verdict, in a few minutes and
// without any data.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <chrono>

#include "apps/answers.h"
#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/demo/demo_faces.h"
#include "apps/demo/demo_faults.h"
#include "apps/demo/demo_folder.h"
#include "apps/demo/demo_training.h"
#include "apps/detection/answers.h"
#include "apps/detection/file_detector.h"
#include "apps/evaluation/evaluation_text.h"
#include "apps/number_range.h"
#include "apps/output_files.h"
#include "apps/training/trainer.h"
#include "data/face_detector.h"
#include "data/picture.h"
#include "data/video.h"
#include "data/video_writer.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr int clip_size = 256;  // pixels
constexpr int clip_frames = 24;

struct DemoArguments {
    std::filesystem::path output;
    DemoFacesOptions faces;
    int people = faces.train_people;
    DemoTrainingOptions training;
};

double now() {
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

// The demo's own pictures and videos of people nobody has seen; returns the files and, for each, whether it
// is forged.
std::vector<std::pair<std::filesystem::path, bool>> make_inputs(const std::filesystem::path& folder,
                                                                uint64_t seed, double crop_margin) {
    make_folder(folder);
    std::vector<std::pair<std::filesystem::path, bool>> inputs;
    for (const bool forged : {false, true}) {
        const char* kind = forged ? "forged" : "genuine";
        for (uint64_t i = 0; i < 2; ++i) {
            const std::filesystem::path path = folder / fmt::format("{}-{}.jpg", kind, i + 1);
            write_jpeg(
                path,
                draw_demo_clip(seed, first_new_person + i, forged, 1, clip_size, crop_margin).frames.front(),
                95);
            inputs.emplace_back(path, forged);
        }
        if (!video_available()) continue;
        const DemoClip clip =
            draw_demo_clip(seed, first_new_person + 2, forged, clip_frames, clip_size, crop_margin);
        const std::filesystem::path path = folder / fmt::format("{}.mp4", kind);
        VideoWriter writer(path, clip_size, clip_size, clip.frames_per_second);
        for (const Image& frame : clip.frames) writer.add(frame);
        writer.finish();
        inputs.emplace_back(path, forged);
    }
    return inputs;
}

// With the face detector where this build has it; else the pictures' faces are where the demo drew them.
std::vector<FileScore> detect(const LoadedDetector& model,
                              const std::vector<std::pair<std::filesystem::path, bool>>& inputs,
                              bool look_for_faces, const GlobalOptions& global) {
    model.detector->to(global.compute.device);
    FileDetector detector(*model.detector, {.frames = 12,
                                            .faces = look_for_faces ? "dlib" : "whole",
                                            .preprocessing = model.info.preprocessing,
                                            .temperature = temperature_of(model.info),
                                            .threads = resolved_threads(global.threads),
                                            .compute = global.compute});
    std::vector<FileScore> results;
    for (const auto& [file, forged] : inputs) results.push_back(detector.detect(file));
    return results;
}

int run_demo_command(const DemoArguments& arguments, const GlobalOptions& global) {
    const double begin = now();
    const std::filesystem::path& output = arguments.output;
    claim_demo_folder(output);
    if (!video_available()) log_notice("this build has no FFmpeg: the demo leaves out videos");
    const bool look_for_faces = face_detector_available("dlib");
    if (!look_for_faces) log_notice("this build has no dlib: the demo detects on face crops (--faces whole)");

    DemoFacesOptions faces = arguments.faces;
    faces.set_people(arguments.people);
    const std::filesystem::path data = draw_demo_faces(output / "faces", faces);
    const double drawn = now();
    TrainOptions training = demo_training(data, output / "run", faces, arguments.training);
    training.overwrite = true;
    training.threads = global.threads;
    training.compute = global.compute;
    const TrainResult trained = train_detector(training);
    const double learned = now();

    const std::vector<DatasetEvaluation> evaluations =
        evaluate_model({.model = trained.best,
                        .data = {data},
                        .split = "test",
                        .bootstrap = {},
                        .threads = resolved_threads(global.threads),
                        .compute = global.compute});
    write_answer(output / "evaluation.json", evaluation_answer(evaluations));
    fmt::print("\nOn {} that the detector never saw:\n{}", counted(faces.test_people, "person", "people"),
               evaluation_text(evaluations));

    const auto inputs = make_inputs(output / "inputs", faces.seed, look_for_faces ? 0 : faces.margin);
    const LoadedDetector model = load_detector(trained.best);
    const VerdictThresholds thresholds = thresholds_of(model.info);
    const std::vector<FileScore> results = detect(model, inputs, look_for_faces, global);
    write_answer(output / "detection.json", detection_answer(results, thresholds));
    fmt::print("\nOn new pictures and videos, looking for faces with {}:\n",
               look_for_faces ? "dlib" : "--faces whole");
    for (size_t i = 0; i < results.size(); ++i) {
        const std::optional<double> score = results[i].score;
        fmt::print("{:<8} {:<9} {:>6}  {}\n",
                   inputs[i].second ? "forged:" : "genuine:", to_string(verdict_of(results[i], thresholds)),
                   score ? fmt::format("{:.3f}", *score) : "-", results[i].file.string());
    }
    fmt::print("\nfaces       {}\nmodel       {}\nmetrics     {}\nevaluation  {}\ndetection   {}\n",
               data.string(), trained.best.string(), (output / "run" / "metrics.csv").string(),
               (output / "evaluation.json").string(), (output / "detection.json").string());
    fmt::print("{:.0f} s to draw, {:.0f} s to train, {:.0f} s in all\n", drawn - begin, learned - drawn,
               now() - begin);
    fmt::print("Try: unmask detect {}--model '{}' '{}'\n", look_for_faces ? "" : "--faces whole ",
               trained.best.string(), inputs.back().first.string());
    const std::vector<std::string> faults =
        demo_faults(evaluations.front().evaluation.all.frame.auc, results);
    for (const std::string& fault : faults) log_error("{}", fault);
    return faults.empty() ? exit_done : exit_some_failed;
}

}  // namespace

CommandRun set_up_demo(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<DemoArguments>();
    app.add_option(
           "--out", arguments->output,
           "Folder for everything that the demo makes; an earlier demo is replaced, other files are not")
        ->required()
        ->option_text("DIR");
    DemoFacesOptions& faces = arguments->faces;
    DemoTrainingOptions& training = arguments->training;
    app.add_option("--seed", faces.seed, "Of the people, the pictures and the training")
        ->capture_default_str()
        ->check(seed_range());
    app.add_option("--people", arguments->people,
                   "People that the detector learns from; a tenth as many validate it, a fifth as many test "
                   "it, at least one each")
        ->capture_default_str()
        ->check(CLI::Range(2, 100'000));
    app.add_option("--frames", faces.frames, "Pictures of each person's clips, genuine and forged")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    app.add_option("--size", training.size,
                   fmt::format("Side in pixels of the faces that the detector takes; they are stored with {}",
                               faces.crop_size))
        ->capture_default_str()
        ->check(CLI::Range(32, faces.crop_size));
    app.add_option("--epochs", training.epochs, "Of the training")
        ->capture_default_str()
        ->check(CLI::Range(1, 1000));
    app.footer(fmt::format(
        "Fewer people, frames, pixels or epochs take less time and teach the detector less. With a "
        "frame AUC\nbelow {:.2f} the demo says so and ends with exit code 1.",
        least_demo_auc));
    return [arguments, &global] { return run_demo_command(*arguments, global); };
}

}  // namespace unmask
