// SPDX-License-Identifier: Apache-2.0
#include "apps/bench.h"

#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <cstring>
#include <functional>

#include "apps/evaluation/inference_step.h"
#include "apps/progress.h"
#include "apps/training/training_step.h"
#include "data/device_input.h"
#include "engine/compute_mode.h"
#include "engine/context.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// Steps that a GPU takes before and while the work is recorded.
constexpr int recording_steps = 3;

Tensor random_images(int64_t batch, int64_t size) {
    Tensor images = Tensor::empty({batch, size, size, 3});
    const Philox random(0, "bench.images");
    float* values = images.data<float>();
    for (int64_t i = 0; i < images.numel(); ++i) values[i] = 4 * random.uniform(0, uint64_t(i)) - 2;
    return images;
}

// Pictures as the loader hands them to a device, with what is drawn for them in training.
Batch random_pictures(const BenchOptions& options) {
    const int64_t batch = options.batch, size = options.train.model.size;
    Batch result{.pixels = Tensor::empty({batch, size, size, 3}, DType::u8),
                 .draws = Tensor::zeros({batch, int64_t(sizeof(AugmentationDraw))}, DType::u8)};
    const Philox random(0, "bench.pictures");
    uint8_t* pixels = result.pixels.data<uint8_t>();
    for (int64_t i = 0; i < result.pixels.numel(); ++i)
        pixels[i] = static_cast<uint8_t>(256 * random.uniform(0, uint64_t(i)));
    if (options.mode != "train") return result;
    for (int64_t i = 0; i < batch; ++i) {
        const AugmentationDraw draw =
            options.train.augmentation.draw(options.train.seed, 0, uint64_t(i), int(size), int(size));
        std::memcpy(result.draws.data<uint8_t>() + i * int64_t(sizeof draw), &draw, sizeof draw);
    }
    return result;
}

// What a step computes on: the same images every time, made anew of pictures where the input is raw.
class Images {
  public:
    explicit Images(const BenchOptions& options)
        : input_({.device = options.train.compute.device,
                  .dtype = image_dtype(options.train.compute.precision),
                  .channels = options.train.compute.device.type == DeviceType::cpu ? 3 : gpu_image_channels}),
          raw_(options.input == BenchInput::raw) {
        if (raw_)
            pictures_ = random_pictures(options);
        else
            images_ =
                model_input(random_images(options.batch, options.train.model.size), options.train.compute);
    }
    const Tensor& next() { return raw_ ? input_.images(pictures_) : images_; }

  private:
    DeviceInput input_;
    bool raw_;
    Batch pictures_;
    Tensor images_;
};

Targets alternating_labels(int64_t batch, Device device) {
    std::vector<int64_t> labels(static_cast<size_t>(batch));
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = int64_t(i % 2);
    return {.labels = Tensor::from<int64_t>({batch}, labels).to(device), .mixed_labels = {}, .lambda = 1};
}

// Seconds of a step in each run after the warm-up.
std::vector<double> time_steps(const BenchOptions& options, const std::function<void(int)>& step) {
    Context& context = *context_of(options.train.compute.device);
    int done = 0;
    if (options.graph && context.can_capture())
        while (done < recording_steps) step(done++);
    context.synchronize();
    const int runs = options.warm_up + options.runs;
    Progress progress(fmt::format("bench {}", options.mode), runs, "runs");
    std::vector<double> seconds;
    for (int i = 0; i < runs; ++i) {
        if (i == options.warm_up) context.reset_peak();
        const auto begin = std::chrono::steady_clock::now();
        for (int k = 0; k < options.steps; ++k) step(done++);
        context.synchronize();
        const std::chrono::duration<double> elapsed = std::chrono::steady_clock::now() - begin;
        if (i >= options.warm_up) seconds.push_back(elapsed.count() / options.steps);
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
void check_memory(const BenchOptions& options) {
    DetectorOptions narrow = options.train.model;
    narrow.width = std::min(narrow.width, 0.25);
    const double scale = options.train.model.width / narrow.width;
    const double copies = options.mode == "train" ? 4 : 1;
    const double size = options.train.model.size;
    const double parameters = double(Detector(narrow).parameter_count()) * scale * scale;  // nearly
    const double needed = 4.0 * (options.batch * size * size * 3 + copies * parameters);
    const double memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGE_SIZE));
    if (memory > 0 && needed > memory)
        fail(
            "bench needs at least {} for {} images of {} x {} pixels and about {:.0f} parameters, found {} "
            "of memory",
            bytes_text(int64_t(needed)), options.batch, size, size, parameters, bytes_text(int64_t(memory)));
}

std::vector<double> time_inference(const BenchOptions& options, Detector& detector, Images& images) {
    detector.set_training(false);
    detector.prepare_inference();
    InferenceStep step(detector, options.train.compute, options.graph);
    return time_steps(options, [&](int) { static_cast<void>(step.enqueue(images.next())); });
}

std::vector<double> time_training(const BenchOptions& options, Detector& detector, Images& images) {
    const Device device = options.train.compute.device;
    Objective objective(options.train.objective);
    objective.initialize(0);
    objective.to(device);
    TrainingStep step(detector, objective, options.train, options.graph);
    const Targets targets = alternating_labels(options.batch, device);
    return time_steps(options, [&](int i) {
        step.enqueue(images.next(), targets, i, options.train.schedule.learning_rate);
    });
}

}  // namespace

BenchResult run_bench(const BenchOptions& options) {
    const Compute& compute = options.train.compute;
    const DetectorOptions& model = options.train.model;
    if (options.mode == "train" && options.batch < 2)
        fail("--batch must be at least 2 in training, found {}", options.batch);
    if (compute.device.type == DeviceType::cpu) check_memory(options);
    Context& context = *context_of(compute.device);
    Detector detector(model);
    detector.initialize(0);
    detector.to(compute.device);
    const int64_t parameters = detector.parameter_count();
    Images images(options);
    const double seconds = median(options.mode == "infer" ? time_inference(options, detector, images)
                                                          : time_training(options, detector, images));
    const MemoryStatistics memory = context.memory();
    return {.mode = options.mode,
            .backbone = model.backbone,
            .device = name_of(compute.device),
            .precision = std::string(name_of(compute.precision)),
            .schedule = std::string(name_of(compute.schedule)),
            .input = options.input == BenchInput::raw ? "raw" : "images",
            .graph = options.graph && context.can_capture(),
            .deterministic = compute_mode().deterministic,
            .branches = model.branches,
            .size = model.size,
            .batch = options.batch,
            .threads = options.threads,
            .runs = options.runs,
            .steps = options.steps,
            .width = model.width,
            .parameters = parameters,
            .seconds = seconds,
            .images_per_second = options.batch / seconds,
            .peak_bytes = int64_t(memory.peak_bytes),
            .reserved_bytes = int64_t(memory.reserved_bytes)};
}

}  // namespace unmask
