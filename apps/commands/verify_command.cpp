// SPDX-License-Identifier: Apache-2.0
// unmask verify: whether a run's model gives the figures that the run recorded.
#include <fmt/format.h>

#include <CLI/CLI.hpp>

#include "apps/command_line.h"
#include "apps/commands/command.h"
#include "apps/evaluation/verify.h"

namespace unmask {

CommandRun set_up_verify(CLI::App& app, const GlobalOptions& global) {
    auto options = std::make_shared<VerifyOptions>();
    app.add_option("run", options->run, "Folder of a training run")->required()->option_text("RUN");
    app.add_option("--data", options->data, "Where the run's manifest is now, if it was moved")
        ->option_text("faces.csv");
    app.footer(
        "Measures best.safetensors on the run's val rows again. With the build, device, precision and\n"
        "threads that its best epoch was computed with (these threads are taken unless --threads is given)\n"
        "every figure must be equal to the last bit; else within 0.002 in f32 and 0.02 in tf32 and bf16.\n"
        "Exit codes: 0 equal; 1 something differs (data, model or a figure: each is named); 2 the run or "
        "its\n"
        "data cannot be read.");
    return [options, &global] {
        options->threads = global.threads;
        options->compute = global.compute;
        const Verification verification = verify_run(*options);
        fmt::print("{}", verification_text(verification));
        return verification.differences.empty() ? exit_done : exit_some_failed;
    };
}

}  // namespace unmask
