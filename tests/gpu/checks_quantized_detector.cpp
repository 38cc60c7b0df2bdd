// SPDX-License-Identifier: Apache-2.0
// Small detectors in 8-bit integers on a device; declared in checks.h.
#include <fmt/format.h>

#include "engine/kernel_observer.h"
#include "engine/ops/quantized_conv2d.h"
#include "models/inference/inference_step.h"
#include "tests/gpu/integer_checker.h"
#include "tests/models/quantized_detector.h"

namespace unmask {
namespace {

// Computes on the CPU again what each convolution of an eager pass has computed on the device, of the same
// levels, so that each is checked as closely as the first, however the network enlarges or loses what
// differs.
class ConvolutionChecks final : public KernelObserver {
  public:
    ConvolutionChecks(IntegerChecker& checker, std::string name)
        : checker_(checker), name_(std::move(name)) {}
    void called(const KernelCall&) override {}
    void ended(const KernelCall& call) override {
        const auto* arguments = call.of(quantized_conv2d_forward);
        if (arguments == nullptr || computing_again_) return;
        computing_again_ = true;
        const auto& [x, weight, multiplier, bias, residual, y, params] = *arguments;
        const std::string what = fmt::format("{}, convolution {}, {} by {}", name_, ++count_, x.shape().str(),
                                             weight.shape().str());
        checker_.attempt(what, [&] {
            const auto here = [](const Tensor& tensor) {
                return tensor.defined() ? tensor.to(cpu_device) : Tensor();
            };
            Tensor expected = Tensor::empty(y.shape(), y.dtype());
            quantized_conv2d_forward(here(x), here(weight), here(multiplier), here(bias), here(residual),
                                     expected, params);
            return IntegerChecker::differing_levels(here(y), expected, integers_share);
        });
        computing_again_ = false;
    }
    [[nodiscard]] int count() const { return count_; }

  private:
    IntegerChecker& checker_;
    std::string name_;
    int count_ = 0;
    bool computing_again_ = false;
};

// With images as commands give them.
void check_detector(IntegerChecker& checker, Device device, const std::string& backbone) {
    const std::string name = "detector, " + backbone;
    const auto here = quantized_detector(backbone, cpu_device), there = quantized_detector(backbone, device);
    const Tensor input = images(4, 2);
    const bool mobilenet = backbone == "mobilenet_v1";
    const PortableScope portable;
    Tensor found;
    {
        // A chain copies nothing to the host.
        const ScheduleScope one_by_one(*there, BranchSchedule::separate);
        const ConvolutionChecks each(checker, name);
        found = there->infer(model_input(input, {device}));
        const int expected = mobilenet ? mobilenet_convolutions : resnet_convolutions;
        checker.attempt(name + ", number of convolutions", [&] {
            return each.count() == expected ? std::string()
                                            : fmt::format("found {}, expected {}", each.count(), expected);
        });
    }
    checker.compare(
        name, [&](Device on) { return on == device ? found : here->infer(model_input(input, {on})); }, 0.0,
        mobilenet ? mobilenet_integers_bound : resnet_integers_bound);
    const Tensor eager = there->infer(model_input(input, {device})).to(cpu_device);
    InferenceStep step(*there, device);
    for (int run = 1; run <= 3; ++run)  // the third is recorded
        checker.attempt(fmt::format("{}, run {} of a step against eager", name, run), [&] {
            const Tensor found = step.enqueue(model_input(input, {device})).to(cpu_device);
            return std::string(same_bytes(found, eager) ? "" : "expected the same bytes, found others");
        });
}

}  // namespace

CheckResult check_quantized_detector(Device device, const std::string& backbone) {
    CheckResult result{.name = fmt::format("{} in 8-bit integers on {}", backbone, name_of(device))};
    IntegerChecker checker(result, device);
    try {
        check_detector(checker, device, backbone);
    } catch (const std::exception& error) {
        result.failed(fmt::format("detector, {}: {}", backbone, error.what()));
    }
    return result;
}

}  // namespace unmask
