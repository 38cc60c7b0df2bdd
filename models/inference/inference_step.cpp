// SPDX-License-Identifier: Apache-2.0
#include "models/inference/inference_step.h"

#include <algorithm>

#include "engine/error.h"
#include "engine/ops/cast.h"

namespace unmask {
namespace {

// Runs before a GPU's work is recorded: the first chooses and times the libraries' algorithms.
constexpr int runs_before_capture = 2;
// Recorded work has memory of its own: of more shapes than these the one that waited longest goes.
constexpr size_t most_programs = 8;

}  // namespace

// The batch in the device's memory, where recorded work finds the next one too: the caller's own, until it
// comes with another. The logits go before the work that writes them.
struct InferenceStep::Program {
    Tensor images;
    bool borrowed = false;
    int64_t used = 0;  // the step's count of calls then
    int runs = 0;
    bool records = true;  // until there is no memory for it
    std::unique_ptr<CapturedWork> captured;
    Tensor logits;
};

InferenceStep::InferenceStep(Detector& detector, Device device, DType dtype, bool capture)
    : detector_(detector),
      device_(device),
      dtype_(dtype),
      capture_(capture && context_of(device)->can_capture()) {
    if (!is_floating(dtype)) fail("inference: expected images in a floating dtype, found {}", name_of(dtype));
}

InferenceStep::~InferenceStep() = default;

void InferenceStep::check_images(const Tensor& images) const {
    const int64_t size = detector_.options().size;
    const bool fits =
        images.defined() && images.rank() == 4 && images.dim(1) == size && images.dim(2) == size &&
        (images.dim(3) == 3 || images.dim(3) == 4 || images.dim(3) == 8) && is_floating(images.dtype());
    if (!fits)
        fail(
            "inference: expected images [batch, {}, {}, 3] (or 4 or 8 channels) in a floating dtype, found "
            "{}",
            size, size,
            images.defined() ? fmt::format("{} {}", name_of(images.dtype()), images.shape().str())
                             : "an undefined tensor");
}

const Tensor& InferenceStep::enqueue(const Tensor& images) {
    check_images(images);
    const std::pair key{images.dim(0), images.dim(3)};
    if (!programs_.contains(key) && programs_.size() == most_programs)
        programs_.erase(
            std::ranges::min_element(programs_, {}, [](const auto& program) { return program.second.used; }));
    const auto enqueued = [&]() -> const Tensor& {
        Program& program = programs_[key];
        program.used = ++calls_;
        return enqueue(program, images);
    };
    try {
        return enqueued();
    } catch (const OutOfMemory&) {
        const bool alone = programs_.size() == 1;
        programs_.clear();
        if (alone) throw;
        context_of(device_)->release_cached();
    } catch (...) {
        programs_.erase(key);
        throw;
    }
    return enqueued();  // without what the others held
}

void InferenceStep::place(Program& program, const Tensor& images) const {
    if (program.borrowed && program.images.raw() == images.raw()) return;
    const bool first = !program.images.defined();
    if (program.borrowed) {  // that memory is not ours to write
        program.logits = Tensor();
        program.captured = nullptr;
        program = Program{.used = program.used};
    }
    if (!program.images.defined()) {
        program.borrowed = first && device_.type == DeviceType::cuda && images.device() == device_ &&
                           images.dtype() == dtype_;
        program.images = program.borrowed ? images : Tensor::empty(images.shape(), dtype_, device_);
        if (program.borrowed) return;
    }
    if (images.dtype() == dtype_)
        program.images.copy_from(images);
    else
        cast_forward(images.to(device_), program.images);
}

const Tensor& InferenceStep::enqueue(Program& program, const Tensor& images) {
    if (!capture_) {
        program.logits = detector_.infer(cast(images.to(device_), dtype_).value());
        return program.logits;
    }
    const bool on_gpu = device_.type == DeviceType::cuda;
    place(program, images);
    const auto work = [&] { program.logits = detector_.infer(program.images); };
    if (program.captured == nullptr && program.records && (!on_gpu || program.runs >= runs_before_capture)) {
        Context& context = *context_of(device_);
        program.logits = Tensor();  // so that nothing from outside ends inside the recording
        context.synchronize();
        if (on_gpu) context.release_cached();  // the recorded work has memory of its own
        try {
            program.captured = context.capture(work);
        } catch (const OutOfMemory&) {
            program.records = false;
            context.release_cached();
        }
    }
    ++program.runs;
    if (program.captured != nullptr)
        program.captured->run();
    else
        work();
    return program.logits;
}

}  // namespace unmask
