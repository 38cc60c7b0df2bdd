// SPDX-License-Identifier: Apache-2.0
// The ops of 8-bit integers and of compact weights on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/ops/pool.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"
#include "tests/gpu/integer_checker.h"
#include "tests/support/integer_cases.h"

namespace unmask {
namespace {

// Halves between levels, what lies beyond them, and what is no number.
Tensor awkward() {
    std::vector<float> values;
    for (int i = -700; i < 1300; ++i) values.push_back(0.5f * static_cast<float>(i));
    values.insert(values.end(), {NAN, INFINITY, -INFINITY, -0.0f, 1e30f, -1e30f, 0.49999997f});
    return Tensor::from<float>({static_cast<int64_t>(values.size())}, values);
}

Tensor on(const Tensor& tensor, Device device) {
    return tensor.defined() ? tensor.to(device) : Tensor();
}

void check_quantized(IntegerChecker& checker, const IntegerCase& row, size_t number) {
    for (const DType dtype : {DType::u8, DType::i8})
        for (const Activation activation : {Activation::none, Activation::relu})
            for (const int residual_of : {0, 1, 2}) {
                const float scale = dtype == DType::u8 ? 1.0f / 255 : 1.0f / 127;
                const Tensor x = quantize(drawn(row.x, 1, dtype == DType::u8 ? 0.0f : -1.0f), scale, dtype);
                const CompactWeight weight = compact_weight(drawn(row.weight, 2), WeightFormat::int8);
                const auto products = static_cast<float>(row.weight.numel() / row.weight[0]);
                const QuantizedFilters filters =
                    quantized_filters(weight, drawn({row.weight[0]}, 3),
                                      {scale, residual_of == 0 ? 0.0f : 0.02f, 0.01f * std::sqrt(products)});
                const Shape shape =
                    conv2d_shape(row.x, row.weight, conv2d_params(row.x, row.weight, row.options));
                const Tensor residual = residual_of == 0
                                            ? Tensor()
                                            : quantize(drawn(shape, 4, residual_of == 1 ? 0.0f : -1.0f),
                                                       1.0f / 100, residual_of == 1 ? DType::u8 : DType::i8);
                checker.compare(
                    fmt::format("quantized_conv2d {}, {}, {}, residual {}", number, name_of(dtype),
                                name_of(activation), residual_of),
                    [&](Device device) {
                        return quantized_conv2d(x.to(device), filters.to(device), on(residual, device),
                                                row.options, activation);
                    },
                    integers_share);
            }
}

void check_compact(IntegerChecker& checker, const IntegerCase& row, size_t number) {
    for (const WeightFormat format : {WeightFormat::bf16, WeightFormat::int8})
        for (const Activation activation : {Activation::none, Activation::relu, Activation::silu}) {
            const CompactWeight weight = compact_weight(drawn(row.weight, 2), format);
            const bool plain = activation == Activation::silu;
            const Shape shape =
                conv2d_shape(row.x, row.weight, conv2d_params(row.x, row.weight, row.options));
            const Tensor x = drawn(row.x, 1), bias = plain ? Tensor() : drawn({row.weight[0]}, 3),
                         residual = plain ? Tensor() : drawn(shape, 4);
            checker.compare(
                fmt::format("compact_conv2d {}, {}, {}", number, name_of(format), name_of(activation)),
                [&](Device device) {
                    return compact_conv2d(x.to(device), weight.to(device), on(bias, device),
                                          on(residual, device), row.options, activation);
                });
        }
}

void check_pool(IntegerChecker& checker) {
    const NoGrad nothing_recorded;
    for (const DType dtype : {DType::u8, DType::i8})
        for (const int64_t channels : {5, 24, 32}) {
            const Tensor x = quantize(drawn({2, 9, 8, channels}, 5), 1.0f / 127, dtype);
            checker.compare(fmt::format("max_pool2d {}, {} channels", name_of(dtype), channels),
                            [&](Device device) {
                                return max_pool2d(x.to(device), {{3, 3}, {2, 2}, {1, 1}}).value();
                            });
        }
}

void check_ops(IntegerChecker& checker) {
    const PortableScope portable;  // exact on every processor
    for (const DType dtype : {DType::u8, DType::i8})
        for (const float scale : {1.0f, 0.37f}) {
            const std::string what = fmt::format("{}, scale {}", name_of(dtype), scale);
            checker.compare("quantize " + what,
                            [&](Device on) { return quantize(awkward().to(on), scale, dtype); });
            const Tensor levels = quantize(awkward(), 1.0f, dtype);
            checker.compare("dequantize " + what,
                            [&](Device on) { return dequantize(levels.to(on), scale); });
        }
    check_pool(checker);
    // Compact weights are summed in float32: the bound holds for sums of at most so many products.
    constexpr int64_t most_products = 1000;
    for (size_t i = 0; i < integer_cases().size(); ++i) {
        const IntegerCase& row = integer_cases()[i];
        check_quantized(checker, row, i);
        if (row.options.groups == 1 && row.weight.numel() <= most_products * row.weight[0])
            check_compact(checker, row, i);
    }
}

}  // namespace

CheckResult check_integer_ops(Device device) {
    CheckResult result{.name = fmt::format("8-bit integers on {}", name_of(device))};
    IntegerChecker checker(result, device);
    check_ops(checker);
    return result;
}

CheckResult check_integers(Device device) {
    CheckResult result = check_integer_ops(device);
    for (const char* backbone : {"resnet18", "mobilenet_v1"}) {
        const CheckResult one = check_quantized_detector(device, backbone);
        result.cases += one.cases;
        result.failures.insert(result.failures.end(), one.failures.begin(), one.failures.end());
        result.worst = std::max(result.worst, one.worst);
    }
    return result;
}

}  // namespace unmask
