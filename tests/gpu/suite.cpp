// SPDX-License-Identifier: Apache-2.0
// gpu_suite: the checks of checks.h on cuda:0, as a program that needs nothing but a driver, cuDNN and
// cuBLASLt. Exit code 0: all passed; 1: something failed; 2: no GPU or wrong usage.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <functional>
#include <iostream>

#include "cuda/device_info.h"
#include "engine/context.h"
#include "engine/error.h"
#include "tests/gpu/checks.h"

namespace {

using namespace unmask;

constexpr Device gpu{DeviceType::cuda, 0};

int print_info() {
    std::cout << describe_cuda(0) << "\n";
    static_cast<void>(cuda_device_info(0));  // an Error where there is no usable device
    return 0;
}

int run(int argc, char** argv) {
    CLI::App app("Checks the CUDA backend on cuda:0.", "gpu_suite");
    app.require_subcommand(1);
    std::string filter, cases, precision = "f32", backbone = "resnet18";
    int steps = 20;
    std::function<CheckResult()> check;
    const auto add_precision = [&](CLI::App* command) {
        command->add_option("--precision", precision, "f32, tf32 or bf16")
            ->check(CLI::IsMember({"f32", "tf32", "bf16"}));
    };

    CLI::App* info = app.add_subcommand("info", "The GPU, the driver and the versions of the libraries");

    CLI::App* ops = app.add_subcommand("ops", "Every row of the op-case table against the CPU");
    ops->add_option("--filter", filter, "Only rows whose names contain this");
    add_precision(ops);
    ops->callback([&] { check = [&] { return check_op_cases(gpu, parse_precision(precision), filter); }; });

    int64_t images = 256;
    CLI::App* convolutions =
        app.add_subcommand("convolutions", "Convolutions by the algorithms that timing chooses");
    convolutions->add_option("--images", images, "Of each")->check(CLI::Range(1, 65536));
    convolutions->callback([&] { check = [&] { return check_convolutions(gpu, images); }; });

    int recorded_runs = 100;
    CLI::App* split_k = app.add_subcommand("split_k", "The kernel for convolutions of few pixels");
    split_k->add_option("--runs", recorded_runs, "Of what is recorded")->check(CLI::Range(1, 100000));
    split_k->callback([&] { check = [&] { return check_split_k_conv2d(gpu, recorded_runs); }; });
    app.add_subcommand("one_picture", "How long the convolutions and products of one picture take")
        ->callback([&] { check = [] { return time_few_pixels(gpu); }; });
    app.add_subcommand("input", "Augmentation against the CPU")->callback([&] {
        check = [] { return check_input(gpu); };
    });
    app.add_subcommand("optimizer", "Updates of parameters against the CPU")->callback([&] {
        check = [] { return check_optimizer(gpu); };
    });

    app.add_subcommand("integers", "8-bit integers and compact weights against the CPU")->callback([&] {
        check = [] { return check_integers(gpu); };
    });

    CLI::App* parity = app.add_subcommand("parity", "The parity cases");
    parity->add_option("--cases", cases, "Folder of the cases")->required()->check(CLI::ExistingDirectory);
    add_precision(parity);
    parity->callback([&] { check = [&] { return check_parity(gpu, parse_precision(precision), cases); }; });

    CLI::App* rounding = app.add_subcommand("rounding", "A forward pass in tf32 or bf16 against float32");
    add_precision(rounding);
    rounding->callback([&] { check = [&] { return check_rounding(gpu, parse_precision(precision)); }; });

    CLI::App* determinism = app.add_subcommand("determinism", "Training twice, and as a graph against eager");
    determinism->add_option("--backbone", backbone, "Network of every branch");
    determinism->add_option("--steps", steps, "Training steps")->check(CLI::Range(3, 1000));
    determinism->callback([&] { check = [&] { return check_determinism(gpu, backbone, steps); }; });

    try {
        app.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        return app.exit(error) == 0 ? 0 : 2;
    }
    if (info->parsed()) return print_info();
    static_cast<void>(context_of(gpu));
    const CheckResult result = check();
    std::cout << report(result);
    if (result.cases == 0) fail("expected at least one case, found none (see --filter)");
    return result.failures.empty() ? 0 : 1;
}

}  // namespace

int main(int argc, char** argv) try { return run(argc, argv); } catch (const std::exception& error) {
    std::cerr << "gpu_suite: " << error.what() << "\n";
    return 2;
}
