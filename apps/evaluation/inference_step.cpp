// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/inference_step.h"

#include "engine/ops/cast.h"

namespace unmask {
namespace {

// Runs before the work is recorded: the first chooses and times the libraries' algorithms.
constexpr int runs_before_capture = 2;

}  // namespace

// The batch in the device's memory, where recorded work finds the next one too. The logits go before the work
// that writes them.
struct InferenceStep::Program {
    Tensor images;
    int runs = 0;
    std::unique_ptr<CapturedWork> captured;
    Tensor logits;
};

InferenceStep::InferenceStep(Detector& detector, const Compute& compute, bool capture)
    : detector_(detector), compute_(compute), capture_(capture && context_of(compute.device)->can_capture()) {
    detector.set_branch_schedule(compute.schedule);
}

InferenceStep::~InferenceStep() = default;

const Tensor& InferenceStep::enqueue(const Tensor& images) {
    Program& program = programs_[images.dim(0)];
    if (!capture_) {
        program.logits = detector_.infer(model_input(images, compute_));
        return program.logits;
    }
    if (!program.images.defined())
        program.images = Tensor::empty(images.shape(), image_dtype(compute_.precision), compute_.device);
    if (images.dtype() == program.images.dtype())
        program.images.copy_from(images);
    else
        cast_forward(images.to(compute_.device), program.images);
    const auto work = [&] { program.logits = detector_.infer(program.images); };
    if (program.captured == nullptr && program.runs >= runs_before_capture) {
        Context& context = *context_of(compute_.device);
        program.logits = Tensor();  // so that nothing from outside ends inside the recording
        context.synchronize();
        context.release_cached();  // the recorded work has memory of its own
        program.captured = context.capture(work);
    }
    ++program.runs;
    if (program.captured != nullptr)
        program.captured->run();
    else
        work();
    return program.logits;
}

}  // namespace unmask
