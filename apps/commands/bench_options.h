// SPDX-License-Identifier: Apache-2.0
// The options of the commands that work on random weights and images: bench and profile.
#pragma once

#include <string>

#include "apps/bench_work.h"
#include "apps/commands/command.h"

namespace unmask {

struct BenchArguments {
    BenchOptions options;
    std::string input = "images", json;
};

// --mode, model, --batch, --input, --runs, --warm-up of at least so many, and --json; the arguments must
// outlive the app.
void add_bench_options(CLI::App& app, BenchArguments& arguments, int least_warm_up = 0);

// The options with what the global ones say. Call it before anything is made; from here on algorithms are
// timed where they are chosen.
[[nodiscard]] BenchOptions bench_options(const BenchArguments& arguments, const GlobalOptions& global);

}  // namespace unmask
