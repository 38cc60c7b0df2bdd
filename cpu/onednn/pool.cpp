// SPDX-License-Identifier: Apache-2.0
// Pooling by oneDNN in NHWC. Left to the portable kernels are the max itself, because oneDNN's loses what is
// not a number and would hide a training that diverged, and adaptive pooling with more than one window. The
// workspace of its max pooling is our argmax: the winner's place in the window, one byte each.
#include "engine/ops/pool.h"

#include <optional>

#include "cpu/onednn/primitive.h"
#include "cpu/parallel.h"
#include "engine/lru_cache.h"
#include "engine/ops/elementwise.h"

namespace unmask::onednn {
namespace {

constexpr size_t plan_capacity = 128;

struct Plan {
    dnnl::primitive primitive;
    Desc scratchpad;
};

using Forward = dnnl::pooling_forward;
using Backward = dnnl::pooling_backward;

std::string plan_key(const Shape& x, const Pool2dParams& params, dnnl::algorithm algorithm) {
    CacheKey key;
    key.add_all(x).add_all(params.kernel).add_all(params.stride).add_all(params.padding);
    return key.add(algorithm).add(thread_count()).str();
}

dnnl::algorithm average_of(const Pool2dParams& params) {
    return params.count_padding ? dnnl::algorithm::pooling_avg_include_padding
                                : dnnl::algorithm::pooling_avg_exclude_padding;
}

struct Geometry {
    Dims stride, kernel, padding;
    explicit Geometry(const Pool2dParams& p)
        : stride{p.stride[0], p.stride[1]},
          kernel{p.kernel[0], p.kernel[1]},
          padding{p.padding[0], p.padding[1]} {}
};

Forward::primitive_desc forward_description(const Shape& x, const Shape& y, const Pool2dParams& params,
                                            dnnl::algorithm algorithm, dnnl::prop_kind kind) {
    const Geometry g(params);
    return {Forward::desc(kind, algorithm, nhwc(x), nhwc(y), g.stride, g.kernel, g.padding, g.padding),
            default_attributes(), cpu_engine()};
}

// The workspace must be laid out as y is, one byte an element, to serve as argmax.
Desc argmax_desc(const Shape& shape) {
    const int64_t h = shape[1], w = shape[2], c = shape[3];
    return {{shape[0], c, h, w}, dnnl::memory::data_type::u8, Dims{h * w * c, 1, w * c, c}};
}

void run_forward(const Tensor& x, const Tensor& y, const Pool2dParams& params, dnnl::algorithm algorithm) {
    static LruCache<Plan> cache(plan_capacity);
    const Plan plan = cache.get(plan_key(x.shape(), params, algorithm), [&] {
        const auto description =
            forward_description(x.shape(), y.shape(), params, algorithm, dnnl::prop_kind::forward_inference);
        return Plan{Forward(description), description.scratchpad_desc()};
    });
    execute(plan.primitive, plan.scratchpad,
            {{DNNL_ARG_SRC, wrap(nhwc(x.shape()), x)}, {DNNL_ARG_DST, wrap(nhwc(y.shape()), y)}});
}

void run_backward(const Tensor& grad_y, const Tensor& grad_x, const Tensor& argmax,
                  const Pool2dParams& params, dnnl::algorithm algorithm) {
    static LruCache<Plan> cache(plan_capacity);
    const Plan plan = cache.get(plan_key(grad_x.shape(), params, algorithm), [&] {
        const Geometry g(params);
        const auto hint = forward_description(grad_x.shape(), grad_y.shape(), params, algorithm,
                                              dnnl::prop_kind::forward_training);
        UNMASK_ASSERT(!argmax.defined() || hint.workspace_desc() == argmax_desc(grad_y.shape()));
        const Backward::desc operation(algorithm, nhwc(grad_x.shape()), nhwc(grad_y.shape()), g.stride,
                                       g.kernel, g.padding, g.padding);
        const Backward::primitive_desc description(operation, default_attributes(), cpu_engine(), hint);
        return Plan{Backward(description), description.scratchpad_desc()};
    });
    Arguments arguments{{DNNL_ARG_DIFF_DST, wrap(nhwc(grad_y.shape()), grad_y)},
                        {DNNL_ARG_DIFF_SRC, wrap(nhwc(grad_x.shape()), grad_x)}};
    if (argmax.defined()) arguments.insert({DNNL_ARG_WORKSPACE, wrap(argmax_desc(grad_y.shape()), argmax)});
    execute(plan.primitive, plan.scratchpad, std::move(arguments));
}

void max_backward(const Tensor& grad_y, const Tensor& argmax, Tensor& grad_x, const Pool2dParams& params) {
    if (grad_x.numel() == 0) return;
    checked("max_pool2d_backward", grad_y.shape(), grad_x.shape(),
            [&] { run_backward(grad_y, grad_x, argmax, params, dnnl::algorithm::pooling_max); });
}

void average_forward(const Tensor& x, Tensor& y, const Pool2dParams& params) {
    if (y.numel() == 0) return;
    checked("average_pool2d_forward", x.shape(), y.shape(),
            [&] { run_forward(x, y, params, average_of(params)); });
}

void average_backward(const Tensor& grad_y, Tensor& grad_x, const Pool2dParams& params) {
    if (grad_x.numel() == 0) return;
    checked("average_pool2d_backward", grad_y.shape(), grad_x.shape(),
            [&] { run_backward(grad_y, grad_x, Tensor(), params, average_of(params)); });
}

// Pooling over the whole map at once, or nothing where the output has several windows.
std::optional<Pool2dParams> whole_map(const Shape& x, const Shape& y) {
    if (y[1] != 1 || y[2] != 1) return {};
    const std::array<int, 2> size{static_cast<int>(x[1]), static_cast<int>(x[2])};
    return Pool2dParams{.kernel = size, .stride = size};
}

void adaptive_forward(const Tensor& x, Tensor& y) {
    if (const auto params = whole_map(x.shape(), y.shape())) return average_forward(x, y, *params);
    portable_of(adaptive_average_pool2d_forward)(x, y);
}

void adaptive_backward(const Tensor& grad_y, Tensor& grad_x, bool accumulate) {
    const auto params = whole_map(grad_x.shape(), grad_y.shape());
    if (params && accumulate)
        return add_computed(grad_x, [&](Tensor& own) { average_backward(grad_y, own, *params); });
    if (params) return average_backward(grad_y, grad_x, *params);
    portable_of(adaptive_average_pool2d_backward)(grad_y, grad_x, accumulate);
}

const KernelEntry max_backward_entry{max_pool2d_backward, Backend::onednn, &max_backward};
const KernelEntry average_forward_entry{average_pool2d_forward, Backend::onednn, &average_forward};
const KernelEntry average_backward_entry{average_pool2d_backward, Backend::onednn, &average_backward};
const KernelEntry adaptive_forward_entry{adaptive_average_pool2d_forward, Backend::onednn, &adaptive_forward};
const KernelEntry adaptive_backward_entry{adaptive_average_pool2d_backward, Backend::onednn,
                                          &adaptive_backward};

}  // namespace
}  // namespace unmask::onednn
