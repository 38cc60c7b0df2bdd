// SPDX-License-Identifier: Apache-2.0
// unmask detect: scores for pictures, videos and folders.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/answers.h"
#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/number_range.h"
#include "apps/progress.h"
#include "engine/error.h"
#include "models/checkpoint.h"

namespace unmask {
namespace {

constexpr const char* explanation =
    "Scores are probabilities of fake, from 0 to 1. A frame's score is the highest of its faces': one forged "
    "face makes\n"
    "the frame fake. A file's score is the mean over its frames that have a face. The verdict is fake from "
    "--threshold\n"
    "up and real below, undecided closer to it than --band, no_face when no frame has a face.\n"
    "The pictures in a folder count as the frames of one clip; each video in it is a file of its own.";

struct Arguments {
    std::vector<std::string> files;
    std::string model, json, faces;
    DetectionOptions options;
    double threshold = 0.5, band = 0, margin = 0;
};

std::string line(const FileScore& file, double threshold, double band) {
    const std::optional<double> score = file.score();
    int64_t with_face = 0;
    for (const FrameScore& frame : file.frames) with_face += frame.faces.empty() ? 0 : 1;
    std::string text = fmt::format("{:<9} {:>6}  {}", to_string(verdict_of(file, threshold, band)),
                                   score ? fmt::format("{:.3f}", *score) : "-", file.file.string());
    if (file.kind != SourceKind::picture && !file.frames.empty())
        text += fmt::format("  ({} of {} frames have a face)", with_face, file.frames.size());
    return text;
}

int run(const Arguments& arguments, const GlobalOptions& global) {
    check_answer_target(arguments.json);
    const LoadedDetector model = load_detector(arguments.model);
    model.detector->to(global.compute.device);
    DetectionOptions options = arguments.options;
    options.preprocessing = model.info.preprocessing;
    if (arguments.margin > 0) options.preprocessing.face_margin = arguments.margin;
    options.threads = resolved_threads(global.threads);
    options.compute = global.compute;
    FileDetector file_detector(*model.detector, options);

    std::vector<std::filesystem::path> files;
    for (const std::string& argument : arguments.files)
        for (std::filesystem::path& file : expand_input(argument)) files.push_back(std::move(file));

    std::vector<FileScore> results;
    bool failed = false;
    for (size_t i = 0; i < files.size(); ++i) {
        Progress progress(files.size() > 1
                              ? fmt::format("{}/{} {}", i + 1, files.size(), files[i].filename().string())
                              : files[i].filename().string(),
                          0, "frames");
        FileScore result = file_detector.detect(files[i], [&](int64_t done, int64_t total) {
            progress.set_total(total);
            progress.update(done);
        });
        progress.finish();
        if (!result.error.empty()) {
            log_error("{}", result.error);
            failed = true;
        }
        if (arguments.json != "-") fmt::print("{}\n", line(result, arguments.threshold, arguments.band));
        results.push_back(std::move(result));
    }
    if (!arguments.json.empty())
        write_answer(arguments.json, detection_answer(results, arguments.threshold, arguments.band));
    return failed ? exit_some_failed : exit_done;
}

}  // namespace

CommandRun set_up_detect(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<Arguments>();
    app.add_option("files", arguments->files, "Pictures, videos, folders")
        ->required()
        ->option_text("FILE...");
    app.add_option("--model", arguments->model, "Model file that unmask train wrote")
        ->required()
        ->option_text("M");
    app.add_option("--frames", arguments->options.frames, "Evenly spaced frames of a video or folder; 0: all")
        ->capture_default_str()
        ->check(CLI::Range(0, 1'000'000));
    app.add_option("--faces", arguments->options.faces,
                   "dlib: look for faces; whole: the picture is a face crop already")
        ->capture_default_str();
    app.add_option("--margin", arguments->margin,
                   "Side of the crop over the side of the face's box; default: the model's own")
        ->check(number_range(0.1, 10));
    app.add_option("--landmarks", arguments->options.landmarks,
                   "Model of face landmarks for a detector of aligned faces; default: the installed one")
        ->option_text("FILE");
    app.add_option("--batch", arguments->options.batch, "Faces that go through the model at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 4096));
    app.add_option("--threshold", arguments->threshold, "Fake from this score up")
        ->capture_default_str()
        ->check(number_range(0, 1));
    app.add_option("--band", arguments->band, "Undecided closer to the threshold than this")
        ->capture_default_str()
        ->check(number_range(0, 1));
    app.add_option("--json", arguments->json, "The answer as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.footer(explanation);
    return [arguments, &global] { return run(*arguments, global); };
}

}  // namespace unmask
