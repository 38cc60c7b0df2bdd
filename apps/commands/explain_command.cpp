// SPDX-License-Identifier: Apache-2.0
// unmask explain: where in the faces of a file the detector sees a forgery, as pictures.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <cstdio>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/console.h"
#include "apps/detection/answers.h"
#include "apps/detection/model_options.h"
#include "apps/explanation/explain_faces.h"
#include "apps/output_files.h"
#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* explain_explanation =
    "For the most suspicious faces of each file: the face as the model saw it, where the whole detector sees "
    "signs of a\n"
    "forgery, and where each of its local branches does (Grad-CAM, Selvaraju et al. 2017). Yellow is most, "
    "no "
    "colour is\n"
    "none. The branches of a face share one scale. The maps are as coarse as the network's last stage: 1/32 "
    "of "
    "its input.";

struct ExplainArguments {
    std::vector<std::string> files;
    bool clip = false;
    std::filesystem::path output;
    ModelOptions model;
};

int run_explain_command(const ExplainArguments& arguments, const GlobalOptions& global) {
    for (const std::string& argument : arguments.files)
        if (argument == "-") fail("explain expected files, found standard input (-)");
    OpenModel model = open_model(arguments.model, global);
    model.detection.pictures = true;
    FileDetector detector(*model.loaded.detector, model.detection);
    std::vector<DetectionInput> inputs;
    for (const std::string& argument : arguments.files)
        for (DetectionInput& input : expand_input(argument, arguments.clip))
            inputs.push_back(std::move(input));
    make_folder(arguments.output);
    Progress progress("explain", int64_t(inputs.size()), "frames");
    bool failed = false;
    size_t number = 0;
    const auto take = [&](const FileScore& file) {
        ++number;
        if (!file.error.empty()) {
            log_error("{}", file.error);
            failed = true;
        }
        fmt::print("{}\n", detection_table_line(file, model.thresholds));
        const std::vector<HeatMaps> maps = explain_faces(model.loaded, file, model.detection);
        for (size_t i = 0; i < maps.size(); ++i) {
            const TellingFace& face = file.pictures.faces[i];
            const FrameScore& frame = file.frames[face.frame];
            // Files of the same name in different folders are told apart by their numbers; faces are counted
            // as in the report.
            const std::string stem =
                fmt::format("{}{}-frame-{}-face-{}", inputs.size() > 1 ? fmt::format("{}-", number) : "",
                            file.file.stem().string(), frame.index, frame.faces[face.face].track + 1);
            for (const std::filesystem::path& path :
                 write_heat_maps(arguments.output, stem, face.crop, maps[i]))
                fmt::print("  {}\n", path.string());
        }
        std::fflush(stdout);
    };
    detector.detect(inputs, take, [&](int64_t done, int64_t total, size_t input) {
        progress.set_total(total);
        progress.update(done, inputs[input].name.filename().string());
    });
    progress.finish();
    return failed ? exit_some_failed : exit_done;
}

}  // namespace

CommandRun set_up_explain(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<ExplainArguments>();
    app.add_option("files", arguments->files, "Pictures, videos, folders, patterns")
        ->required()
        ->option_text("FILE...");
    app.add_option("--out", arguments->output, "Folder for the pictures")->required()->option_text("DIR");
    app.add_flag("--clip", arguments->clip, "The pictures in a folder are the frames of one clip");
    add_model_options(app, arguments->model);
    add_threshold_options(app, arguments->model);
    app.footer(explain_explanation);
    return [arguments, &global] { return run_explain_command(*arguments, global); };
}

}  // namespace unmask
