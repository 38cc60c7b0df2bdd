// SPDX-License-Identifier: Apache-2.0
// conv2d by oneDNN: activations stay plain NHWC (its fastest forward layout here), weights are packed as it
// likes them; the packed form of frozen weights is kept with them.
#include "engine/ops/conv2d.h"

#include <algorithm>

#include "cpu/onednn/flipped_weights.h"
#include "cpu/onednn/primitive.h"
#include "cpu/parallel.h"
#include "cpu/winograd_conv2d.h"
#include "engine/lru_cache.h"
#include "engine/ops/elementwise.h"

namespace unmask::onednn {
namespace {

constexpr size_t plan_capacity = 1024;

struct Plan {
    dnnl::primitive primitive;
    Desc weight;  // the layout that the primitive takes or gives
    Desc scratchpad;
};

// Convolution geometry in oneDNN's terms; its dilation 0 is our 1.
struct Geometry {
    Dims stride, dilation, before, after;
    explicit Geometry(const Conv2dParams& p)
        : stride{p.stride[0], p.stride[1]},
          dilation{p.dilation[0] - 1, p.dilation[1] - 1},
          before{p.padding_before[0], p.padding_before[1]},
          after{p.padding_after[0], p.padding_after[1]} {}
};

std::string plan_key(const Shape& x, const Shape& weight, const Conv2dParams& p, bool bias, bool residual) {
    CacheKey key;
    key.add_all(x).add_all(weight).add_all(p.stride).add_all(p.padding_before).add_all(p.padding_after);
    key.add_all(p.dilation).add(p.groups).add(p.activation).add(bias).add(residual);
    return key.add(thread_count()).str();
}

// The ReLU makes zeros of NaNs. All that oneDNN 2.6 has instead is worse: PReLU with a slope of 0 passes them
// on, but only its reference convolution takes it, which is a thousand times slower.
dnnl::primitive_attr epilogue(const Conv2dParams& params, const Shape& y, bool residual) {
    dnnl::post_ops operations;
    if (residual) operations.append_binary(dnnl::algorithm::binary_add, nhwc(y));
    if (params.activation == Activation::relu)
        operations.append_eltwise(1.f, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
    if (params.activation == Activation::silu)
        operations.append_eltwise(1.f, dnnl::algorithm::eltwise_swish, 1.f, 0.f);
    dnnl::primitive_attr attributes = default_attributes();
    attributes.set_post_ops(operations);
    return attributes;
}

using Forward = dnnl::convolution_forward;
using BackwardData = dnnl::convolution_backward_data;
using BackwardWeights = dnnl::convolution_backward_weights;
constexpr auto direct = dnnl::algorithm::convolution_direct;

Forward::primitive_desc forward_description(const Shape& x, const Shape& weight, const Shape& y,
                                            const Conv2dParams& params, bool bias, bool residual,
                                            dnnl::prop_kind kind) {
    const Geometry g(params);
    const Desc weights = any_layout(weight_dims(weight, params.groups));
    const dnnl::primitive_attr attributes = epilogue(params, y, residual);
    if (bias)
        return {Forward::desc(kind, direct, nhwc(x), weights, strided({weight[0]}, {1}), nhwc(y), g.stride,
                              g.dilation, g.before, g.after),
                attributes, cpu_engine()};
    return {Forward::desc(kind, direct, nhwc(x), weights, nhwc(y), g.stride, g.dilation, g.before, g.after),
            attributes, cpu_engine()};
}

Plan forward_plan(const Shape& x, const Shape& weight, const Shape& y, const Conv2dParams& params, bool bias,
                  bool residual) {
    static LruCache<Plan> cache(plan_capacity);
    return cache.get(plan_key(x, weight, params, bias, residual), [&] {
        const auto description =
            forward_description(x, weight, y, params, bias, residual, dnnl::prop_kind::forward_inference);
        return Plan{Forward(description), description.weights_desc(), description.scratchpad_desc()};
    });
}

void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    if (winograd_forward(x, weight, bias, residual, y, params)) return;
    const Plan plan =
        forward_plan(x.shape(), weight.shape(), y.shape(), params, bias.defined(), residual.defined());
    const Tensor weights = packed(weight, ohwi(weight.shape(), params.groups), plan.weight);
    Arguments arguments{{DNNL_ARG_SRC, wrap(nhwc(x.shape()), x)},
                        {DNNL_ARG_WEIGHTS, wrap(plan.weight, weights)},
                        {DNNL_ARG_DST, wrap(nhwc(y.shape()), y)}};
    if (bias.defined()) arguments.insert({DNNL_ARG_BIAS, wrap(vector_of(bias), bias)});
    if (residual.defined())
        arguments.insert(
            {DNNL_ARG_ATTR_MULTIPLE_POST_OP(0) | DNNL_ARG_SRC_1, wrap(nhwc(y.shape()), residual)});
    execute(plan.primitive, plan.scratchpad, std::move(arguments));
}

void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
             const Conv2dParams& params) {
    if (y.numel() == 0) return;
    checked("conv2d_forward", x.shape(), weight.shape(),
            [&] { run_forward(x, weight, bias, residual, y, params); });
}

void run_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                       const Conv2dParams& params) {
    static LruCache<Plan> cache(plan_capacity);
    const Plan plan = cache.get(plan_key(grad_x.shape(), weight.shape(), params, false, false), [&] {
        const Geometry g(params);
        const auto hint = forward_description(grad_x.shape(), weight.shape(), grad_y.shape(), params, false,
                                              false, dnnl::prop_kind::forward_training);
        const BackwardData::desc operation(direct, nhwc(grad_x.shape()),
                                           any_layout(weight_dims(weight.shape(), params.groups)),
                                           nhwc(grad_y.shape()), g.stride, g.dilation, g.before, g.after);
        const BackwardData::primitive_desc description(operation, default_attributes(), cpu_engine(), hint);
        return Plan{BackwardData(description), description.weights_desc(), description.scratchpad_desc()};
    });
    const Tensor weights = packed(weight, ohwi(weight.shape(), params.groups), plan.weight);
    execute(plan.primitive, plan.scratchpad,
            {{DNNL_ARG_DIFF_DST, wrap(nhwc(grad_y.shape()), grad_y)},
             {DNNL_ARG_WEIGHTS, wrap(plan.weight, weights)},
             {DNNL_ARG_DIFF_SRC, wrap(nhwc(grad_x.shape()), grad_x)}});
}

void write_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                         const Conv2dParams& params) {
    checked("conv2d_backward_data", grad_y.shape(), weight.shape(), [&] {
        if (winograd_backward_data(grad_y, weight, grad_x, params)) return;
        if (runs_as_forward(grad_y.shape(), weight.shape(), params)) {
            const Conv2dParams transposed = transposed_params(weight.shape(), params);
            run_forward(grad_y, flipped_weights(weight), Tensor(), Tensor(), grad_x, transposed);
        } else {
            run_backward_data(grad_y, weight, grad_x, params);
        }
    });
}

void backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x, const Conv2dParams& params,
                   bool accumulate) {
    if (grad_x.numel() == 0) return;
    if (!accumulate) return write_backward_data(grad_y, weight, grad_x, params);
    add_computed(grad_x, [&](Tensor& own) { write_backward_data(grad_y, weight, own, params); });
}

void run_backward_weight(const Tensor& grad_y, const Tensor& x, const Tensor& grad_weight,
                         const Conv2dParams& params) {
    static LruCache<Plan> cache(plan_capacity);
    const Shape& weight = grad_weight.shape();
    const Plan plan = cache.get(plan_key(x.shape(), weight, params, false, false), [&] {
        const Geometry g(params);
        const auto hint = forward_description(x.shape(), weight, grad_y.shape(), params, false, false,
                                              dnnl::prop_kind::forward_training);
        const BackwardWeights::desc operation(direct, nhwc(x.shape()),
                                              any_layout(weight_dims(weight, params.groups)),
                                              nhwc(grad_y.shape()), g.stride, g.dilation, g.before, g.after);
        const BackwardWeights::primitive_desc description(operation, default_attributes(), cpu_engine(),
                                                          hint);
        return Plan{BackwardWeights(description), description.diff_weights_desc(),
                    description.scratchpad_desc()};
    });
    const Desc ours = ohwi(weight, params.groups);
    const bool direct_write = ours == plan.weight;
    const Tensor target = direct_write ? grad_weight : storage_for(plan.weight);
    execute(plan.primitive, plan.scratchpad,
            {{DNNL_ARG_SRC, wrap(nhwc(x.shape()), x)},
             {DNNL_ARG_DIFF_DST, wrap(nhwc(grad_y.shape()), grad_y)},
             {DNNL_ARG_DIFF_WEIGHTS, wrap(plan.weight, target)}});
    if (!direct_write) reorder(plan.weight, target, ours, grad_weight);
}

// oneDNN 2.6's weight gradient of a strided 1×1 convolution writes past its scratch memory where the channels
// do not fill its vectors (seen: fewer than 16 with AVX-512, as in a narrow ResNet's shortcuts).
bool overruns_scratch(const Shape& x, const Shape& weight, const Conv2dParams& params) {
    constexpr std::array<int, 2> ones{1, 1}, zeros{0, 0};
    return params.groups == 1 && weight[1] == 1 && weight[2] == 1 && params.stride != ones &&
           params.padding_before == zeros && params.padding_after == zeros && x[3] % 16 != 0;
}

// The pixels that a strided 1×1 convolution sees, side by side.
Tensor seen_pixels(const Tensor& x, const Shape& y, const Conv2dParams& params) {
    const int64_t height = x.dim(1), width = x.dim(2), channels = x.dim(3);
    const Tensor pixels = Tensor::empty({y[0], y[1], y[2], channels});
    parallel_rows(y[0] * y[1], y[2] * channels, [&](int64_t begin, int64_t end) {
        for (int64_t row = begin; row < end; ++row) {
            const float* from =
                x.data<float>() + (row / y[1] * height + row % y[1] * params.stride[0]) * width * channels;
            float* to = pixels.data<float>() + row * y[2] * channels;
            for (int64_t column = 0; column < y[2]; ++column, to += channels)
                std::copy_n(from + column * params.stride[1] * channels, channels, to);
        }
    });
    return pixels;
}

void backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight, const Conv2dParams& params) {
    if (grad_weight.numel() == 0) return;
    if (x.numel() == 0 || grad_y.numel() == 0) return grad_weight.fill_zero();
    checked("conv2d_backward_weight", grad_y.shape(), x.shape(), [&] {
        if (winograd_backward_weight(grad_y, x, grad_weight, params)) return;
        if (overruns_scratch(x.shape(), grad_weight.shape(), params)) {
            Conv2dParams dense = params;
            dense.stride = {1, 1};
            run_backward_weight(grad_y, seen_pixels(x, grad_y.shape(), params), grad_weight, dense);
        } else {
            run_backward_weight(grad_y, x, grad_weight, params);
        }
    });
}

const KernelEntry forward_entry{conv2d_forward, Backend::onednn, &forward};
const KernelEntry backward_data_entry{conv2d_backward_data, Backend::onednn, &backward_data};
const KernelEntry backward_weight_entry{conv2d_backward_weight, Backend::onednn, &backward_weight};

}  // namespace
}  // namespace unmask::onednn
