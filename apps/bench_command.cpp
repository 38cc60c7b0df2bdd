// SPDX-License-Identifier: Apache-2.0
// unmask bench: how fast inference and training are, with random weights and images.
#include <fmt/format.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>

#include "apps/answers.h"
#include "apps/command.h"
#include "apps/command_line.h"
#include "apps/number_range.h"
#include "apps/progress.h"
#include "apps/training_step.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

struct Arguments {
    TrainOptions options;
    std::string mode = "infer", json;
    int batch = 32, runs = 5, warm_up = 2;
};

Tensor random_images(int64_t batch, int64_t size) {
    Tensor images = Tensor::empty({batch, size, size, 3});
    const Philox random(0, "bench.images");
    float* values = images.data<float>();
    for (int64_t i = 0; i < images.numel(); ++i) values[i] = 4 * random.uniform(0, uint64_t(i)) - 2;
    return images;
}

Targets alternating_labels(int64_t batch, Device device) {
    std::vector<int64_t> labels(static_cast<size_t>(batch));
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = int64_t(i % 2);
    return {.labels = Tensor::from<int64_t>({batch}, labels).to(device), .mixed_labels = {}, .lambda = 1};
}

// Seconds of each run after the warm-up.
std::vector<double> time_runs(const Arguments& arguments, Context& context,
                              const std::function<void(int)>& work) {
    Progress progress(fmt::format("bench {}", arguments.mode), arguments.warm_up + arguments.runs, "runs");
    std::vector<double> seconds;
    for (int i = 0; i < arguments.warm_up + arguments.runs; ++i) {
        if (i == arguments.warm_up) context.reset_peak();
        const auto begin = std::chrono::steady_clock::now();
        work(i);
        context.synchronize();
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
        if (i >= arguments.warm_up) seconds.push_back(elapsed.count());
        progress.update(i + 1);
    }
    return seconds;
}

double median(std::vector<double> values) {
    std::ranges::sort(values);
    const size_t middle = values.size() / 2;
    return values.size() % 2 == 1 ? values[middle] : (values[middle - 1] + values[middle]) / 2;
}

// Refuses what the kernel would end this program for: input and parameters alone (with gradients and Adam's
// two moments in training) that are larger than the memory of the machine.
void check_memory(const Arguments& arguments) {
    DetectorOptions narrow = arguments.options.model;
    narrow.width = std::min(narrow.width, 0.25);
    const double scale = arguments.options.model.width / narrow.width;
    const double copies = arguments.mode == "train" ? 4 : 1;
    const double size = arguments.options.model.size;
    const double parameters = double(Detector(narrow).parameter_count()) * scale * scale;  // nearly
    const double needed = 4.0 * (arguments.batch * size * size * 3 + copies * parameters);
    const double memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGE_SIZE));
    if (memory > 0 && needed > memory)
        fail(
            "bench needs at least {} for {} images of {} x {} pixels and about {:.0f} parameters, found {} "
            "of memory",
            bytes_text(int64_t(needed)), arguments.batch, size, size, parameters,
            bytes_text(int64_t(memory)));
}

int run(const Arguments& arguments, const GlobalOptions& global) {
    const TrainOptions& options = arguments.options;
    check_answer_target(arguments.json);
    if (arguments.mode == "train" && arguments.batch < 2)
        fail("--batch must be at least 2 in training, found {}", arguments.batch);
    if (global.compute.device.type == DeviceType::cpu) check_memory(arguments);
    Context& context = *context_of(global.compute.device);
    Detector detector(options.model);
    detector.initialize(0);
    detector.to(global.compute.device);
    const int64_t parameters = detector.parameter_count();
    const Tensor images = model_input(random_images(arguments.batch, options.model.size), global.compute);
    std::vector<double> seconds;
    if (arguments.mode == "infer") {
        detector.set_training(false);
        detector.prepare_inference();
        seconds = time_runs(arguments, context, [&](int) { static_cast<void>(detector.infer(images)); });
    } else {
        Objective objective(options.objective);
        objective.initialize(0);
        objective.to(global.compute.device);
        TrainOptions train = options;
        train.compute = global.compute;
        TrainingStep step(detector, objective, train);
        const Targets targets = alternating_labels(arguments.batch, global.compute.device);
        seconds = time_runs(arguments, context,
                            [&](int i) { step.enqueue(images, targets, i, options.schedule.learning_rate); });
    }
    const double middle = median(seconds);
    const BenchResult result{.mode = arguments.mode,
                             .backbone = options.model.backbone,
                             .device = name_of(global.compute.device),
                             .branches = options.model.branches,
                             .size = options.model.size,
                             .batch = arguments.batch,
                             .threads = resolved_threads(global.threads),
                             .runs = arguments.runs,
                             .width = options.model.width,
                             .parameters = parameters,
                             .seconds = middle,
                             .images_per_second = arguments.batch / middle,
                             .peak_bytes = int64_t(context.memory().peak_bytes)};
    if (!arguments.json.empty()) write_answer(arguments.json, bench_answer(result));
    if (arguments.json != "-")
        fmt::print(
            "{} {} x{} width {} size {} batch {}: {:.4f} s, {:.2f} images/s, peak memory {} ({} parameters, "
            "{} "
            "threads, median of {})\n",
            result.mode, result.backbone, result.branches, result.width, result.size, result.batch,
            result.seconds, result.images_per_second, bytes_text(result.peak_bytes), result.parameters,
            result.threads, result.runs);
    return exit_done;
}

}  // namespace

CommandRun set_up_bench(CLI::App& app, const GlobalOptions& global) {
    auto arguments = std::make_shared<Arguments>();
    DetectorOptions& model = arguments->options.model;
    app.add_option("--mode", arguments->mode, "infer, or train: forward, objective, backward and Adam")
        ->capture_default_str()
        ->check(CLI::IsMember({"infer", "train"}));
    app.add_option("--backbone", model.backbone, "Network of every branch")->capture_default_str();
    app.add_option("--branches", model.branches, "Local branches")
        ->capture_default_str()
        ->check(CLI::Range(1, 8));
    app.add_option("--width", model.width, "Multiplies every channel count")
        ->capture_default_str()
        ->check(number_range(0.01, 16));
    app.add_option("--size", model.size, "Side of the square input in pixels")
        ->capture_default_str()
        ->check(CLI::Range(32, 4096));
    app.add_option("--batch", arguments->batch, "Images at once")
        ->capture_default_str()
        ->check(CLI::Range(1, 65536));
    app.add_option("--runs", arguments->runs, "Timed runs, of which the median counts")
        ->capture_default_str()
        ->check(CLI::Range(1, 10000));
    app.add_option("--warm-up", arguments->warm_up, "Runs before that")
        ->capture_default_str()
        ->check(CLI::Range(0, 10000));
    app.add_option("--json", arguments->json, "The figures as JSON: - for stdout, or a file")
        ->option_text("-|FILE");
    return [arguments, &global] { return run(*arguments, global); };
}

}  // namespace unmask
