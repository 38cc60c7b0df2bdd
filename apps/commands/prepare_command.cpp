// SPDX-License-Identifier: Apache-2.0
// unmask prepare: from videos to face crops and a manifest.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/answers.h"
#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/commands/split_options.h"
#include "apps/console.h"
#include "apps/counted.h"
#include "apps/interrupt.h"
#include "apps/number_range.h"
#include "apps/output_files.h"
#include "apps/progress.h"
#include "data/face_detector.h"
#include "data/prepare/coverage.h"
#include "data/prepare/prepare.h"

namespace unmask {
namespace {

constexpr size_t table_lines = 40;  // of videos; coverage.csv has all

struct PrepareArguments {
    PrepareOptions options;
    SplitArguments split;
    std::string json;
};

// With a bar; Interruption on Ctrl-C and SIGTERM.
PrepareReport prepare(PrepareOptions& options) {
    const InterruptWatch watch;
    options.stop = [] { return InterruptWatch::received() != 0; };
    int64_t videos_done = 0, videos = 0;
    try {
        std::unique_ptr<Progress> progress;
        return prepare_faces(options, [&](int64_t done, int64_t total, const std::string& text) {
            if (progress == nullptr) progress = std::make_unique<Progress>("prepare", total, "videos");
            progress->update(done, text);
            videos_done = done;
            videos = total;
        });
    } catch (const PrepareStopped&) {
        throw Interruption(InterruptWatch::received(),
                           fmt::format("interrupted: {} in {}; the same command goes on from there",
                                       videos == 0 ? "no video is done"
                                                   : fmt::format("{} of {} are done", videos_done,
                                                                 counted(videos, "video", "videos")),
                                       options.output.string()));
    }
}

int run_prepare_command(const PrepareArguments& arguments, const GlobalOptions& global) {
    check_answer_target(arguments.json);
    PrepareOptions options = arguments.options;
    options.threads = global.threads;
    options.split = split_of(arguments.split);
    options.label = label_of(arguments.split);
    options.pictures = picture_rule_of(arguments.split);
    const PrepareReport report = prepare(options);
    for (const std::string& notice : report.notices) log_warning("{}", notice);
    const std::vector<VideoReport> failures = report.failures();
    for (const VideoReport& video : failures) log_warning("{}", video.problem);
    if (!arguments.json.empty()) write_answer(arguments.json, prepare_answer(report));
    if (arguments.json != "-") fmt::print("{}", coverage_table(report.videos, table_lines, report.coverage));
    if (report.rows == 0) {
        log_error("{}: no face was found in {}", options.input.string(),
                  counted(report.videos.size(), "video", "videos"));
        return exit_error;
    }
    if (arguments.json != "-")
        fmt::print(
            "{} of {} ({} from an earlier run, {} with problems) in {:.1f} s\nmanifest: {}\n"
            "coverage: {}\n",
            counted(report.rows, "face", "faces"), counted(report.videos.size(), "video", "videos"),
            report.reused, failures.size(), report.seconds, report.manifest.string(),
            report.coverage.string());
    return failures.empty() ? exit_done : exit_some_failed;
}

}  // namespace

CommandRun set_up_prepare(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<PrepareArguments>();
    PrepareOptions& options = arguments->options;
    app.add_option("--videos", options.input, "Folder with the videos (or frames), or one file")
        ->required()
        ->option_text("DIR");
    app.add_option("--out", options.output,
                   "Folder for crops/, records/, faces.csv, coverage.csv and prepare.json")
        ->required()
        ->option_text("DIR");
    app.add_option("--frames", options.frames, "Evenly spaced frames of each video; 0: all")
        ->capture_default_str()
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--size", options.size, "Side of the crops in pixels")
        ->capture_default_str()
        ->check(CLI::Range(smallest_crop, largest_crop));
    app.add_option("--margin", options.margin, "Side of the crop over the side of the face's box")
        ->capture_default_str()
        ->check(number_range(smallest_crop_margin, largest_crop_margin));
    std::string detectors;
    for (const std::string& name : face_detector_names())
        detectors += (detectors.empty() ? "" : " or ") + name;
    app.add_option("--faces", options.detector, "Face detector: " + detectors)
        ->capture_default_str()
        ->check(CLI::IsMember(face_detector_names()));
    app.add_flag("--align", options.align,
                 "Turn and scale every face to the same place by its landmarks, as DeepfakeBench does");
    app.add_option(
           "--landmarks", options.landmarks,
           "auto: keep every face's landmarks where dlib finds it and their model is installed; none; "
           "or the model's file (shape_predictor_68_face_landmarks.dat)")
        ->option_text("auto|none|FILE")
        ->capture_default_str();
    add_split_options(app, arguments->split, "everything", "");
    app.add_flag(
        "--overwrite", options.overwrite,
        "Cut anew what is in the folder and was cut with other options, and replace a faces.csv of other "
        "pictures");
    app.add_option("--json", arguments->json, "The report as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer("An interrupted run goes on where it stopped when started again with the same options.");
    return [arguments, &global] { return run_prepare_command(*arguments, global); };
}

}  // namespace unmask
