// SPDX-License-Identifier: Apache-2.0
// unmask detect: scores for pictures, videos and folders.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <cstdio>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/detection/answers.h"
#include "apps/detection/model_options.h"
#include "apps/explanation/explain_faces.h"
#include "apps/output_files.h"
#include "apps/private_file.h"
#include "apps/progress.h"
#include "apps/report/detection_report.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* detect_explanation =
    "A score is a probability of fake, from 0 to 1, corrected by the temperature in the model file. Faces "
    "are "
    "followed\n"
    "through the frames: a track's score is that of its faces (--aggregate), a file's the highest of its "
    "tracks. The\n"
    "verdict is real or fake beyond the model's two thresholds, undecided between them, no_face when no "
    "frame "
    "has a face.\n"
    "Every picture and video in a folder is a file of its own; with --clip a folder's pictures are the "
    "frames "
    "of one clip.\n"
    "\"-\" is a picture or video on standard input; quoted patterns such as 'clips/*.mp4' are understood.";

struct DetectArguments {
    std::vector<std::string> files;
    bool clip = false;
    std::string json, csv, report;
    ModelOptions model;
};

std::string title_of(const DetectionInput& input) {
    return input.name == "-" ? "standard input" : input.name.filename().string();
}

int run_detect_command(const DetectArguments& arguments, const GlobalOptions& global) {
    const std::array targets{&arguments.json, &arguments.csv, &arguments.report};
    const auto to_stdout = std::ranges::count_if(targets, [](const std::string* t) { return *t == "-"; });
    if (to_stdout > 1) fail("only one of --json, --csv and --report can go to stdout");
    if (std::ranges::count(arguments.files, "-") > 1)
        fail("expected standard input (-) once, found it again");
    std::vector<std::filesystem::path> read(arguments.files.begin(), arguments.files.end());
    read.push_back(arguments.model.model);
    for (const std::string* target : targets) check_answer_target(*target, read);
    OpenModel model = open_model(arguments.model, global);
    model.detection.pictures = !arguments.report.empty();
    FileDetector detector(*model.loaded.detector, model.detection);

    std::optional<PrivateFile> file;
    std::vector<DetectionInput> inputs;
    for (const std::string& argument : arguments.files) {
        std::filesystem::path standard_input;
        if (argument == "-") {
            file.emplace();
            standard_input = file->path();
            copy_standard_input(standard_input);
        }
        for (DetectionInput& input : expand_input(argument, arguments.clip, standard_input))
            inputs.push_back(std::move(input));
    }

    read.clear();  // what folders and patterns stand for
    for (const DetectionInput& input : inputs) read.push_back(input.path);
    for (const std::string* target : targets) check_answer_target(*target, read);

    std::vector<FileScore> results;
    std::vector<std::vector<HeatMaps>> maps;  // for the report
    bool failed = false;
    Progress progress("detect", int64_t(inputs.size()), "frames");
    if (to_stdout == 0) fmt::print("{}\n", detection_table_head());
    detector.detect(
        inputs,
        [&](FileScore&& result) {
            if (!result.error.empty()) {
                log_error("{}", result.error);
                failed = true;
            }
            if (to_stdout == 0) {
                fmt::print("{}\n", detection_table_line(result, model.thresholds));
                std::fflush(stdout);
            }
            if (model.detection.pictures)
                maps.push_back(explain_faces(model.loaded, result, model.detection));
            results.push_back(std::move(result));
        },
        [&](int64_t done, int64_t total, size_t input) {
            progress.set_total(total);
            progress.update(done, title_of(inputs[input]));
        });
    progress.finish();
    if (!arguments.json.empty()) write_answer(arguments.json, detection_answer(results, model.thresholds));
    if (!arguments.csv.empty()) write_answer(arguments.csv, detection_csv(results, model.thresholds));
    if (!arguments.report.empty()) {
        std::vector<ReportedFile> reported;
        for (size_t i = 0; i < results.size(); ++i)
            reported.push_back({std::move(results[i]), std::move(maps[i])});
        write_answer(arguments.report, detection_report(reported, protocol_of(model, arguments.model.model)));
    }
    return failed ? exit_some_failed : exit_done;
}

}  // namespace

CommandRun set_up_detect(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<DetectArguments>();
    app.add_option("files", arguments->files, "Pictures, videos, folders, patterns, or - for standard input")
        ->required()
        ->option_text("FILE...");
    app.add_flag("--clip", arguments->clip, "The pictures in a folder are the frames of one clip");
    add_model_options(app, arguments->model);
    add_threshold_options(app, arguments->model);
    app.add_option("--json", arguments->json, "The answer as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    app.add_option("--csv", arguments->csv, "The answer as CSV, a line a file")->option_text("-|FILE");
    app.add_option("--report", arguments->report,
                   "A page with verdicts, timelines, faces and where in them the signs of a forgery are")
        ->option_text("-|FILE.html");
    app.footer(detect_explanation);
    return [arguments, &global] { return run_detect_command(*arguments, global); };
}

}  // namespace unmask
