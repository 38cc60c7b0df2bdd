// SPDX-License-Identifier: Apache-2.0
// A forward pass of training in bf16 or tf32 against the one in float32; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "engine/ops/cast.h"
#include "engine/philox.h"
#include "models/detector.h"
#include "tests/gpu/checks.h"
#include "tests/support/compare.h"
#include "tests/support/compute_mode_scope.h"

namespace unmask {
namespace {

constexpr int64_t batch = 16;
constexpr int size = 64;

using Results = std::map<std::string, Tensor>;

Tensor drawn(const Shape& shape, const std::string& name, double low, double high) {
    const Philox random(17, name);
    Tensor result = Tensor::empty(shape);
    for (int64_t i = 0; i < result.numel(); ++i)
        result.data<float>()[i] =
            static_cast<float>(low + (high - low) * random.uniform(0, static_cast<uint64_t>(i)));
    return result;
}

// Norms and biases as of a model that has learned: a fresh one's would hide that they are left out.
void draw_norms_and_biases(Module& module) {
    std::map<std::string, Tensor> state = module.state();
    for (auto& [name, tensor] : state) {
        if (name.ends_with("bias")) tensor = drawn(tensor.shape(), name, -0.5, 0.5);
        if (name.ends_with("weight") && tensor.rank() == 1) tensor = drawn(tensor.shape(), name, 0.7, 1.3);
    }
    module.load_state(state);
}

// Maps of the branches and logits of the heads.
Results pass(Device device, Precision precision) {
    const ComputeModeScope mode({.tf32 = precision == Precision::tf32});
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.25, .size = size, .dropout = 0.0});
    detector.initialize(3);
    draw_norms_and_biases(detector);
    detector.to(device);
    const Tensor images = drawn({batch, size, size, 3}, "images", -2.0, 2.0).to(device);
    const std::vector<Variable> maps = detector.feature_maps(cast(images, image_dtype(precision)));
    const HeadLogits heads = detector.heads(maps);
    Results results;
    for (size_t i = 0; i < maps.size(); ++i) {
        results[fmt::format("map of branch {}", i)] = maps[i].value();
        results[fmt::format("logits without branch {}", i)] = heads.leave_one_out[i].value();
    }
    results["logits, global"] = heads.global.value();
    results["logits, joint"] = heads.joint.value();
    return results;
}

double bound_of(const std::string& name, Precision precision) {
    const bool bf16 = precision == Precision::bf16;
    if (name.starts_with("map")) return bf16 ? bf16_map_bound : tf32_map_bound;
    return bf16 ? bf16_logits_bound : tf32_logits_bound;
}

}  // namespace

CheckResult check_rounding(Device device, Precision precision) {
    CheckResult result{.name = fmt::format("rounding, {} on {}", name_of(precision), name_of(device))};
    try {
        const Results expected = pass(device, Precision::f32), found = pass(device, precision);
        for (const auto& [name, tensor] : expected) {
            ++result.cases;
            const double error = difference(found.at(name), tensor).relative,
                         bound = bound_of(name, precision);
            result.worst = std::max(result.worst, error / bound);
            if (!(error <= bound))
                result.failed(fmt::format("{}: found a relative error of {:.2e}, expected at most {:.2e}",
                                          name, error, bound));
        }
    } catch (const std::exception& error) {
        result.failed(error.what());
    }
    return result;
}

}  // namespace unmask
