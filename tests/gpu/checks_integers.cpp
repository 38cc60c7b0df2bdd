// SPDX-License-Identifier: Apache-2.0
// 8-bit integers and compact weights on a device; declared in checks.h.
#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "engine/ops/pool.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"
#include "models/inference/inference_step.h"
#include "tests/gpu/checks.h"
#include "tests/models/quantized_detector.h"
#include "tests/support/compare.h"
#include "tests/support/integer_cases.h"

namespace unmask {
namespace {

class Checker {
  public:
    Checker(CheckResult& result, Device device) : result_(result), device_(device) {}

    // compute(device) on both. Floating results within the bound; levels the same but for that share of them,
    // one at least where it is not 0, which may be one apart: a sum that lies between two levels is rounded
    // once more or less where multiply and add are one instruction.
    template <class Compute>
    void compare(const std::string& what, Compute compute, double share = 0.0,
                 double bound = integers_bound) {
        attempt(what, [&] {
            const Tensor found = compute(device_), expected = compute(cpu_device);
            if (found.dtype() != expected.dtype())
                return fmt::format("found {}, expected {}", name_of(found.dtype()),
                                   name_of(expected.dtype()));
            return is_floating(expected.dtype()) ? differing_numbers(found, expected, bound)
                                                 : differing_levels(found, expected, share);
        });
    }
    // A case: check() says what is wrong, nothing where all is right.
    template <class Check>
    void attempt(const std::string& what, Check check) {
        ++result_.cases;
        try {
            if (const std::string wrong = check(); !wrong.empty())
                result_.failures.push_back(what + ": " + wrong);
        } catch (const std::exception& error) {
            result_.failures.push_back(what + ": " + error.what());
        }
    }

  private:
    std::string differing_numbers(const Tensor& found, const Tensor& expected, double bound) {
        const double error = difference(found, expected).relative;
        result_.worst = std::max(result_.worst, error / bound);
        if (error <= bound) return {};
        return fmt::format("found a relative error of {:.2e}, expected at most {:.2e}", error, bound);
    }
    static std::string differing_levels(const Tensor& found, const Tensor& expected, double share) {
        const std::vector<double> a = found.to_doubles(), b = expected.to_doubles();
        int64_t others = 0;
        double largest = 0;
        for (size_t i = 0; i < a.size(); ++i) {
            others += a[i] != b[i] ? 1 : 0;
            largest = std::max(largest, std::abs(a[i] - b[i]));
        }
        const int64_t most =
            share > 0 ? std::max<int64_t>(1, static_cast<int64_t>(share * static_cast<double>(a.size()))) : 0;
        if (largest <= 1 && others <= most) return {};
        return fmt::format(
            "found {} of {} levels that differ, by at most {}, expected at most {} that differ by 1", others,
            a.size(), largest, most);
    }
    CheckResult& result_;
    Device device_;
};

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

void check_quantized(Checker& checker, const IntegerCase& row, size_t number) {
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

void check_compact(Checker& checker, const IntegerCase& row, size_t number) {
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

void check_pool(Checker& checker) {
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

void check_ops(Checker& checker) {
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

// A whole network, where a level that is rounded the other way moves others, with images as commands give
// them.
void check_detector(Checker& checker, Device device, const std::string& backbone) {
    const auto here = quantized_detector(backbone, cpu_device), there = quantized_detector(backbone, device);
    const Tensor input = images(4, 2);
    const PortableScope portable;
    checker.compare(
        "detector, " + backbone,
        [&](Device on) { return (on == device ? there : here)->infer(model_input(input, {on})); }, 0.0,
        integers_logits_bound);
    const Tensor eager = there->infer(model_input(input, {device})).to(cpu_device);
    InferenceStep step(*there, device);
    for (int run = 1; run <= 3; ++run)  // the third is recorded
        checker.attempt(fmt::format("detector, {}, run {} of a step against eager", backbone, run), [&] {
            const Tensor found = step.enqueue(model_input(input, {device})).to(cpu_device);
            return std::string(same_bytes(found, eager) ? "" : "expected the same bytes, found others");
        });
}

}  // namespace

CheckResult check_integer_ops(Device device) {
    CheckResult result{.name = fmt::format("8-bit integers on {}", name_of(device))};
    Checker checker(result, device);
    check_ops(checker);
    return result;
}

CheckResult check_quantized_detector(Device device, const std::string& backbone) {
    CheckResult result{.name = fmt::format("{} in 8-bit integers on {}", backbone, name_of(device))};
    Checker checker(result, device);
    try {
        check_detector(checker, device, backbone);
    } catch (const std::exception& error) {
        result.failures.push_back(fmt::format("detector, {}: {}", backbone, error.what()));
    }
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
