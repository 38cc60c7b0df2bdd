// SPDX-License-Identifier: Apache-2.0
// Operands of which one lies elsewhere are refused: a kernel would follow a pointer of the other device.
#include <gtest/gtest.h>

#include "engine/ops/batch_norm.h"
#include "engine/ops/dropout.h"
#include "engine/ops/embedding.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"
#include "tests/support/expect_error.h"
#include "tests/support/integer_cases.h"

namespace unmask {
namespace {

constexpr Device gpu{DeviceType::cuda, 0};
const std::vector<std::string> two_devices{"operands on one device", "cpu", "cuda"};

// Calls use(tensors) with all on one device, which it takes, then with each alone on another.
template <class Use>
void expect_one_device(std::vector<Tensor> tensors, Use use) {
    for (const auto& [here, there] : {std::pair{cpu_device, gpu}, std::pair{gpu, cpu_device}}) {
        for (Tensor& tensor : tensors) tensor = tensor.to(here);
        use(tensors);
        for (size_t i = 0; i < tensors.size(); ++i) {
            SCOPED_TRACE(name_of(here) + ", operand " + std::to_string(i) + " elsewhere");
            std::vector<Tensor> mixed = tensors;
            mixed[i] = mixed[i].to(there);
            expect_error([&] { use(mixed); }, two_devices);
        }
    }
}

TEST(OperandDevices, OfAQuantizedConvolution) {
    const Tensor x = Tensor::zeros({1, 5, 5, 4}, DType::u8);
    const CompactWeight weight = compact_weight(drawn({6, 3, 3, 4}, 1), WeightFormat::int8);
    const QuantizedFilters filters = quantized_filters(weight, Tensor::zeros({6}), {1.0f, 1.0f, 1.0f});
    expect_one_device(
        {x, filters.weight, filters.multiplier, filters.bias, Tensor::zeros({1, 3, 3, 6}, DType::u8)},
        [&](const std::vector<Tensor>& in) {
            (void)quantized_conv2d(in[0], {in[1], in[2], in[3], filters.factor}, in[4], {}, Activation::relu);
        });
}

TEST(OperandDevices, OfAConvolutionOverCompactWeights) {
    const Tensor x = drawn({1, 5, 5, 4}, 1), bias = Tensor::zeros({6}),
                 residual = Tensor::zeros({1, 3, 3, 6});
    for (const WeightFormat format : {WeightFormat::bf16, WeightFormat::int8}) {
        const CompactWeight weight = compact_weight(drawn({6, 3, 3, 4}, 1), format);
        std::vector<Tensor> operands{x, weight.values, bias, residual};
        if (weight.scale.defined()) operands.push_back(weight.scale);
        expect_one_device(operands, [&](const std::vector<Tensor>& in) {
            (void)compact_conv2d(in[0], {in[1], in.size() > 4 ? in[4] : Tensor()}, in[2], in[3], {},
                                 Activation::relu);
        });
    }
}

TEST(OperandDevices, OfAnEmbedding) {
    expect_one_device({drawn({5, 3}, 1), Tensor::zeros({4}, DType::i64)},
                      [](const std::vector<Tensor>& in) { (void)embedding(in[1], Variable(in[0])); });
}

TEST(OperandDevices, OfDropoutAloneAndWithinBatchNorm) {
    const auto params = [](const Tensor& step) {
        return DropoutParams{.probability = 0.5, .device_step = step};
    };
    const Tensor step = Tensor::zeros({1}, DType::i64);
    expect_one_device({drawn({4, 3}, 1), step},
                      [&](const std::vector<Tensor>& in) { (void)dropout(Variable(in[0]), params(in[1])); });
    const Tensor x = drawn({4, 3}, 1), ones = Tensor::full({3}, 1.0);
    for (const auto& [here, there] : {std::pair{cpu_device, gpu}, std::pair{gpu, cpu_device}}) {
        const auto norm = [&, on = here](const Tensor& device_step) {
            const auto own = [&] { return ones.clone().to(on); };
            (void)batch_norm(Variable(x.to(on)), Variable(own()), Variable(own()), own(), own(),
                             {.training = true, .dropout = params(device_step)}, Variable());
        };
        norm(step.to(here));
        expect_error([&, on = there] { norm(step.to(on)); }, two_devices);
    }
}

TEST(OperandDevices, WeightsAreCompactedOnTheCpu) {
    const Tensor weight = drawn({6, 3, 3, 4}, 1);
    for (const WeightFormat format : {WeightFormat::f32, WeightFormat::bf16, WeightFormat::int8})
        expect_error([&] { (void)compact_weight(weight.to(gpu), format); }, {"on the CPU", "on cuda"});
    const CompactWeight compact = compact_weight(weight, WeightFormat::int8);
    for (const CompactWeight& one : {compact.to(gpu), CompactWeight{compact.values, compact.scale.to(gpu)}})
        expect_error([&] { (void)expanded(one); }, {"on the CPU", "on cuda"});
}

}  // namespace
}  // namespace unmask
