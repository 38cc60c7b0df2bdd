// SPDX-License-Identifier: Apache-2.0
#include "apps/bench_work.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "apps/memory_check.h"
#include "apps/schedule_choice.h"
#include "data/device_input.h"
#include "engine/error.h"
#include "engine/philox.h"
#include "models/quantization_calibrator.h"
#include "models/scoring.h"

namespace unmask {
namespace {

// Steps taken before and while the work is recorded.
int recording_steps(Device device) {
    return device.type == DeviceType::cuda ? 3 : 1;
}

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

Targets alternating_labels(int64_t batch, Device device) {
    std::vector<int64_t> labels(static_cast<size_t>(batch));
    for (size_t i = 0; i < labels.size(); ++i) labels[i] = int64_t(i % 2);
    return {.labels = Tensor::from<int64_t>({batch}, labels).to(device), .mixed_labels = {}, .lambda = 1};
}

}  // namespace

// What a step computes on: the same images every time, made anew of pictures where the input is raw.
class BenchWork::Images {
  public:
    explicit Images(const BenchOptions& options)
        : input_({.device = options.train.compute.device,
                  .dtype = image_dtype(options.train.compute.precision),
                  .channels = options.train.compute.device.type == DeviceType::cpu
                                  ? 3
                                  : gpu_image_channels(options.train.compute.precision)}),
          raw_(options.input == BenchInput::raw) {
        if (raw_)
            pictures_ = random_pictures(options);
        else
            images_ =
                model_input(random_images(options.batch, options.train.model.size), options.train.compute);
    }
    [[nodiscard]] const Tensor& current() { return raw_ ? input_.compute() : images_; }
    const Tensor& next() {
        if (!raw_) return images_;
        if (!std::exchange(sent_, false)) input_.upload_ahead(pictures_);
        input_.take();
        return input_.compute();
    }
    // Once the work on the present ones is enqueued: pictures travel beside it, as in training.
    void send_next() {
        if (raw_ && !std::exchange(sent_, true)) input_.upload_ahead(pictures_);
    }

  private:
    DeviceInput input_;
    bool raw_, sent_ = false;
    Batch pictures_;
    Tensor images_;
};

bool BenchWork::is_recorded(const BenchOptions& options) {
    return options.graph && context_of(options.train.compute.device)->can_capture();
}

void BenchWork::check(const BenchOptions& options) {
    if (options.mode == "train" && options.train.compute.precision == Precision::int8)
        fail("--precision int8 is for inference, found --mode train");
    if (options.mode == "train" && options.batch < 2)
        fail("--batch must be at least 2 in training, found {}", options.batch);
    if (options.train.compute.device.type == DeviceType::cpu)
        check_memory("bench", options.train.model, options.batch, options.mode == "train");
}

BenchWork::BenchWork(const BenchOptions& options)
    : options_((check(options), options)), detector_(options.train.model) {
    const Compute& compute = options.train.compute;
    detector_.initialize(0);
    detector_.to(compute.device);
    parameters_ = detector_.parameter_count();
    images_ = std::make_unique<Images>(options);
    if (options.mode == "train") {
        objective_ = std::make_unique<Objective>(options.train.objective);
        objective_->initialize(0);
        objective_->to(compute.device);
        training_ = std::make_unique<TrainingStep>(detector_, *objective_, options.train, options.graph);
        targets_ = alternating_labels(options.batch, compute.device);
    } else {
        detector_.set_training(false);
        if (compute.precision == Precision::int8) {
            QuantizationCalibrator calibrator(detector_);
            calibrator.add(
                model_input(random_images(std::min(options.batch, 8), options.train.model.size), compute));
            set_activation_scales(detector_, calibrator.scales(RangeRule::max));
        }
        prepare_scoring(detector_, TrainedWeights::released);
        detector_.set_branch_schedule(schedule_for_inference());
        inference_ = std::make_unique<InferenceStep>(detector_, compute.device,
                                                     image_dtype(compute.precision), options.graph);
    }
}

BenchWork::~BenchWork() = default;

BranchSchedule BenchWork::schedule_for_inference() {
    const Compute& compute = options_.train.compute;
    if (compute.device.type == DeviceType::cpu || compute.schedule != BranchSchedule::automatic)
        return compute.schedule;
    const Tensor images = images_->next();
    return choose_schedule(
        detector_, compute,
        {.batch = images.dim(0), .channels = images.dim(3), .recorded = is_recorded(options_), .run = [&] {
             static_cast<void>(detector_.infer(images));
         }});
}

BranchSchedule BenchWork::schedule() const {
    return training_ != nullptr ? training_->schedule() : detector_.branch_schedule();
}

void BenchWork::step() {
    const Tensor& images = images_->next();
    if (training_ != nullptr)
        training_->enqueue(images, targets_, done_++, options_.train.schedule.learning_rate);
    else
        static_cast<void>(inference_->enqueue(images));
    images_->send_next();
}

void BenchWork::record() {
    const Device device = options_.train.compute.device;
    const int unrecorded = device.type == DeviceType::cuda ? 1 : 0;  // which chooses what is chosen by timing
    const int steps = is_recorded(options_) ? recording_steps(device) : unrecorded;
    for (int i = 0; i < steps; ++i) step();
    synchronize();
}

void BenchWork::synchronize() {
    context_of(options_.train.compute.device)->synchronize();
}

std::vector<Module::NamedTensor> BenchWork::named_tensors() const {
    std::vector<Module::NamedTensor> result = detector_.prepared();
    std::vector<Module::NamedVariable> variables = detector_.parameters();
    if (objective_ != nullptr)
        for (auto& parameter : objective_->parameters("objective")) variables.push_back(parameter);
    for (const auto& [name, variable] : variables)
        for (const Tensor& tensor : {variable.value(), variable.gradient(), variable.copy()})
            if (tensor.defined()) result.push_back({name, tensor});
    return result;
}

std::vector<Tensor> BenchWork::kept_tensors() const {
    std::vector<Tensor> result;
    for (const auto& [name, tensor] : named_tensors()) result.push_back(tensor);
    for (const auto& [name, tensor] : detector_.buffers()) result.push_back(tensor);
    if (training_ != nullptr)
        for (const auto& [name, tensor] : training_->optimizer().state()) result.push_back(tensor);
    result.push_back(images_->current());
    return result;
}

}  // namespace unmask
