// SPDX-License-Identifier: Apache-2.0
// Convolutions of ResNet-34, ResNet-50, MobileNetV1 and EfficientNet-B0 at 224 pixels.
#include <fmt/format.h>

#include "bench/ops/op_rows.h"
#include "engine/ops/compact_conv2d.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Geometry {
    int64_t batch, side, in, out;
    int kernel, stride;
    bool depthwise = false;

    [[nodiscard]] Shape x() const { return {batch, side, side, in}; }
    [[nodiscard]] Shape weight() const { return {out, kernel, kernel, depthwise ? 1 : in}; }
    [[nodiscard]] Conv2dOptions options() const {
        return {.stride = {stride, stride},
                .padding = {(kernel - 1) / 2, (kernel - 1) / 2},
                .groups = depthwise ? static_cast<int>(in) : 1};
    }
    // The least mode in which Winograd's algorithm computes it: forward, with weights that may change or that
    // are frozen, and its gradients.
    [[nodiscard]] Winograd forward_by_winograd(bool frozen = false) const {
        if (depthwise || !((kernel == 3 && stride <= 2) || (kernel == 7 && stride == 2 && in <= 4)))
            return Winograd::off;
        return frozen ? Winograd::inference : Winograd::all;
    }
    [[nodiscard]] Winograd gradients_by_winograd() const {
        return kernel == 3 && stride == 1 && !depthwise ? Winograd::all : Winograd::off;
    }
    // In 8 bits, with frozen weights.
    [[nodiscard]] Winograd quantized_by_winograd() const {
        return kernel == 3 && stride == 1 && !depthwise ? Winograd::inference : Winograd::off;
    }
    [[nodiscard]] std::string name() const {
        return fmt::format("{}{}x{}_{}to{}_side{}_stride{}_batch{}", depthwise ? "depthwise_" : "", kernel,
                           kernel, in, out, side, stride, batch);
    }
};

// The image takes no gradient: its channels are three.
void add_plain(std::vector<OpRow>& rows, const Geometry& geometry) {
    OpCase op_case{
        "conv2d",
        "conv2d_" + geometry.name(),
        {{"x", geometry.x(), {}, geometry.in != 3}, {"weight", geometry.weight()}},
        [options = geometry.options()](const Inputs& in) { return conv2d(in[0], in[1], {}, options); }};
    rows.push_back({std::move(op_case), {}, geometry.forward_by_winograd()});
}

// The two gradients, each by itself.
void add_backward(std::vector<OpRow>& rows, const Geometry& geometry) {
    const Conv2dParams params = conv2d_params(geometry.x(), geometry.weight(), geometry.options());
    const Shape y = conv2d_shape(geometry.x(), geometry.weight(), params);
    OpCase weight{"conv2d",
                  "conv2d_backward_weight_" + geometry.name(),
                  {{"grad_y", y, {}, false}, {"x", geometry.x(), {}, false}},
                  [geometry, params](const Inputs& in) {
                      Tensor gradient = Tensor::empty(geometry.weight());
                      conv2d_backward_weight(in[0].value(), in[1].value(), gradient, params);
                      return Variable(gradient);
                  }};
    rows.push_back({std::move(weight), {}, geometry.gradients_by_winograd()});
    if (geometry.in == 3) return;
    OpCase data{"conv2d",
                "conv2d_backward_data_" + geometry.name(),
                {{"grad_y", y, {}, false}, {"weight", geometry.weight(), {}, false}},
                [geometry, params](const Inputs& in) {
                    Tensor gradient = Tensor::empty(geometry.x());
                    conv2d_backward_data(in[0].value(), in[1].value(), gradient, params, false);
                    return Variable(gradient);
                }};
    rows.push_back({std::move(data), {}, geometry.gradients_by_winograd()});
}

// Inference's, once with weights that may change, once with frozen ones as folding leaves them.
void add_fused(std::vector<OpRow>& rows, const Geometry& geometry, bool residual) {
    const Shape y = conv2d_shape(geometry.x(), geometry.weight(),
                                 conv2d_params(geometry.x(), geometry.weight(), geometry.options()));
    for (const bool frozen : {false, true}) {
        OpCase op_case{
            "conv2d_fused",
            "conv2d_fused_" + geometry.name() + (residual ? "" : "_alone") + (frozen ? "_frozen" : ""),
            {{"x", geometry.x(), {}, false},
             {"weight", geometry.weight(), {}, false},
             {"bias", {geometry.out}, {}, false}},
            [options = geometry.options()](const Inputs& in) {
                return Variable(conv2d_fused(in[0].value(), in[1].value(), in[2].value(),
                                             in.size() > 3 ? in[3].value() : Tensor(), options,
                                             Activation::relu));
            }};
        if (residual) op_case.inputs.push_back({"residual", y, {}, false});
        OpRow row{std::move(op_case), {}, geometry.forward_by_winograd(frozen)};
        if (frozen) row.frozen = {1, 2};
        rows.push_back(std::move(row));
    }
}

// Compacting is part of no inference: it happens once, here at the first run.
void add_compact(std::vector<OpRow>& rows, const Geometry& geometry, WeightFormat format) {
    OpCase op_case{"compact_conv2d",
                   fmt::format("compact_conv2d_{}_{}", name_of(format), geometry.name()),
                   {{"x", geometry.x(), {}, false}},
                   [geometry, format, weight = std::make_shared<CompactWeight>()](const Inputs& in) {
                       if (!weight->values.defined())
                           *weight = compact_weight(Tensor::full(geometry.weight(), 0.01), format);
                       return Variable(compact_conv2d(in[0].value(), *weight, {}, {}, geometry.options(),
                                                      Activation::relu));
                   }};
    rows.push_back({std::move(op_case)});
}

// The same for 8-bit activations: quantized once, at the first run.
void add_quantized(std::vector<OpRow>& rows, const Geometry& geometry) {
    struct Operands {
        Tensor x;
        QuantizedFilters filters;
    };
    OpCase op_case{"quantized_conv2d",
                   "quantized_conv2d_" + geometry.name(),
                   {{"x", geometry.x(), {}, false}},
                   [geometry, operands = std::make_shared<Operands>()](const Inputs& in) {
                       if (!operands->x.defined()) {
                           operands->x = quantize(in[0].value(), 1.0f / 255.0f, DType::u8);
                           // Sums that stay within 8 bits.
                           const Tensor weight =
                               Tensor::full(geometry.weight(), 0.64 / static_cast<double>(geometry.in));
                           operands->filters = quantized_filters(compact_weight(weight, WeightFormat::int8),
                                                                 Tensor::zeros({weight.dim(0)}), {});
                       }
                       return Variable(quantized_conv2d(operands->x, operands->filters, {},
                                                        geometry.options(), Activation::relu));
                   }};
    rows.push_back({std::move(op_case), {}, geometry.quantized_by_winograd()});
}

}  // namespace

void add_conv2d_rows(std::vector<OpRow>& rows) {
    for (const int64_t batch : {int64_t{1}, int64_t{8}}) {
        const std::vector<Geometry> others{
            {batch, 224, 3, 64, 7, 2},        {batch, 56, 64, 128, 3, 2},
            {batch, 56, 64, 256, 1, 1},       {batch, 14, 512, 512, 1, 1},
            {batch, 112, 64, 64, 3, 2, true}, {batch, 14, 512, 512, 3, 1, true},
            {batch, 28, 240, 240, 5, 1, true}};
        for (const auto& [channels, side] :
             {std::pair<int64_t, int64_t>{64, 56}, {128, 28}, {256, 14}, {512, 7}}) {
            const Geometry geometry{batch, side, channels, channels, 3, 1};
            add_plain(rows, geometry);
            add_fused(rows, geometry, true);
            if (batch > 1) add_backward(rows, geometry);
        }
        for (const Geometry& geometry : others) {
            add_plain(rows, geometry);
            add_fused(rows, geometry, false);
            if (batch > 1) add_backward(rows, geometry);
        }
        add_compact(rows, {batch, 14, 256, 256, 3, 1}, WeightFormat::bf16);
        add_compact(rows, {batch, 14, 256, 256, 3, 1}, WeightFormat::int8);
        add_quantized(rows, {batch, 56, 64, 64, 3, 1});
        add_quantized(rows, {batch, 14, 256, 256, 3, 1});
    }
}

}  // namespace unmask::detail
