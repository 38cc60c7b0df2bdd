// SPDX-License-Identifier: Apache-2.0
// Training twice; declared in checks.h.
#include <fmt/format.h>

#include "apps/training/training_step.h"
#include "engine/context.h"
#include "engine/philox.h"
#include "tests/gpu/checks.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

constexpr int64_t batch = 8;
constexpr int size = 64;

using State = std::map<std::string, Tensor>;

// The model after the steps, in host memory.
State trained(const Compute& compute, const std::string& backbone, int steps, bool capture) {
    const Device device = compute.device;
    Detector detector({.backbone = backbone, .branches = 4, .size = size});
    Objective objective({});
    detector.initialize(1);
    objective.initialize(1);
    detector.to(device);
    objective.to(device);
    TrainOptions options;
    options.model = detector.options();
    options.compute = compute;
    TrainingStep step(detector, objective, options, capture);
    const Philox random(2, "images");
    for (int i = 0; i < steps; ++i) {
        Tensor images = Tensor::empty({batch, size, size, 3});
        for (int64_t k = 0; k < images.numel(); ++k)
            images.data<float>()[k] =
                2.0f * random.uniform(static_cast<uint64_t>(i), static_cast<uint64_t>(k)) - 1.0f;
        std::vector<int64_t> labels;
        for (int64_t k = 0; k < batch; ++k) labels.push_back((i + k) % 2);
        step.enqueue(images, {.labels = Tensor::from<int64_t>({batch}, labels)}, i, 1e-3);
    }
    State state;
    for (const auto& [name, tensor] : detector.state()) state[name] = tensor.to(cpu_device).clone();
    for (const auto& [name, tensor] : objective.state())
        state["objective." + name] = tensor.to(cpu_device).clone();
    return state;
}

void compare(CheckResult& result, const std::string& what, const State& found, const State& expected) {
    ++result.cases;
    for (const auto& [name, tensor] : expected)
        if (!same_bytes(found.at(name), tensor)) {
            result.failed(fmt::format("{}: expected the same bytes, found others in {}", what, name));
            return;
        }
}

}  // namespace

CheckResult check_determinism(Device device, const std::string& backbone, int steps) {
    CheckResult result{.name = fmt::format("determinism, {}, {} steps", backbone, steps)};
    for (const Precision precision : {Precision::f32, Precision::bf16}) {
        const std::string suffix = fmt::format(", {}", name_of(precision));
        const ComputeModeScope timed({.time_algorithms = true});  // as training
        // Named, as what `auto` takes is measured for recorded work and other work apart.
        const auto computed = [&](BranchSchedule schedule) {
            return Compute{.device = device, .precision = precision, .schedule = schedule};
        };
        const Compute compute = computed(BranchSchedule::separate),
                      lockstep = computed(BranchSchedule::lockstep),
                      parallel = computed(BranchSchedule::parallel);
        try {
            const State eager = trained(compute, backbone, steps, false);
            compare(result, "eager twice" + suffix, trained(compute, backbone, steps, false), eager);
            const State recorded = trained(compute, backbone, steps, true);
            compare(result, "graph against eager" + suffix, recorded, eager);
            compare(result, "graph twice" + suffix, trained(compute, backbone, steps, true), recorded);
            compare(result, "graph in lockstep" + suffix, trained(lockstep, backbone, steps, true), eager);
            compare(result, "graph side by side" + suffix, trained(parallel, backbone, steps, true), eager);
            Context& context = *context_of(device);
            if (const std::string notice = context.set_tuning(context.tuning()); !notice.empty())
                result.failed("tuning read back" + suffix + ": " + notice);
            compare(result, "tuning read back" + suffix, trained(compute, backbone, steps, false), eager);
        } catch (const std::exception& error) {
            result.failed("training" + suffix + ": " + error.what());
        }
    }
    return result;
}

}  // namespace unmask
