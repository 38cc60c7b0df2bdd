// SPDX-License-Identifier: Apache-2.0
// unmask embed: a model file as a header for C and C++ programs that carry their model.
#include <CLI/CLI.hpp>
#include <cctype>
#include <iostream>
#include <sstream>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/output_files.h"
#include "data/file_magic.h"
#include "embed/model_header.h"
#include "engine/atomic_file.h"
#include "engine/error.h"
#include "models/checkpoint.h"

namespace unmask {
namespace {

constexpr const char* embed_explanation =
    "Include the header in one source file and open the model with unmask_model_open_memory(NAME, NAME_size, "
    "...).\n"
    "docs/embedding.md has the whole way.";

// Larger ones than a program should carry, and than compilers take.
constexpr uintmax_t most_bytes = uintmax_t{1} << 30;

struct EmbedArguments {
    std::string model, out = "-", name = "unmask_model_file";
};

int run_embed_command(const EmbedArguments& arguments) {
    check_header_name(arguments.name);
    check_answer_target(arguments.out, {arguments.model});
    const std::vector<uint8_t> file = read_file(arguments.model, most_bytes);
    const std::span bytes = std::as_bytes(std::span(file));
    const LoadedDetector model = load_detector(bytes, arguments.model, nullptr);
    const DetectorOptions& options = model.detector->options();
    const std::string description = fmt::format(
        "A model of unmask, by `unmask embed`: {}, {} branches, width {}, input {} x {}, {} bytes.",
        options.backbone, options.branches, options.width, options.size, options.size, bytes.size());
    const auto write = [&](std::ostream& out) {
        write_model_header(out, bytes, arguments.name, description);
    };
    if (arguments.out != "-") {
        write_file_atomically(arguments.out, write);
    } else {
        write(std::cout);
        if (!std::cout.flush()) fail("standard output: cannot be written");
    }
    return exit_done;
}

}  // namespace

CommandRun set_up_embed(CLI::App& app, const GlobalOptions&) {
    auto arguments = std::make_shared<EmbedArguments>();
    app.add_option("model", arguments->model, "Model file that unmask train wrote")
        ->required()
        ->option_text("MODEL");
    app.add_option("--name", arguments->name, "Name of the array")
        ->capture_default_str()
        ->option_text("NAME");
    app.add_option("--out", arguments->out, "File to write; - for standard output")
        ->capture_default_str()
        ->option_text("-|FILE");
    app.footer(embed_explanation);
    return [arguments] { return run_embed_command(*arguments); };
}

}  // namespace unmask
