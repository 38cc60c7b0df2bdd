// SPDX-License-Identifier: Apache-2.0
// quantized_conv2d by oneDNN, whose int8 kernels want the multipliers and the factor when they are generated:
// a convolution has a primitive of its own for each input size, kept with its multipliers; packed weights are
// kept with the weights. Its kernels add pairs of products in 16 bits where the processor has no instruction
// for sums of four (VNNI), and overflow there: such a processor computes by the portable path.
#include "cpu/quantized_conv2d.h"

#include <bit>
#include <cstddef>
#include <cstring>

#include "cpu/onednn/primitive.h"
#include "cpu/parallel.h"
#include "cpu/winograd_quantized_conv2d.h"
#include "engine/lru_cache.h"

namespace unmask::onednn {
namespace {

using Forward = dnnl::convolution_forward;
using DataType = dnnl::memory::data_type;

struct Plan {
    dnnl::primitive primitive;
    Desc weight, scratchpad;
};

bool has_sums_of_four() {
    static const bool found = [] {
        const dnnl::cpu_isa isa = dnnl::get_effective_cpu_isa();
        const auto includes = [isa](dnnl::cpu_isa wanted) {
            return (static_cast<int>(isa) & static_cast<int>(wanted)) == static_cast<int>(wanted);
        };
        return includes(dnnl::cpu_isa::avx512_core_vnni) || includes(dnnl::cpu_isa::avx2_vnni);
    }();
    return found;
}

DataType type_of(const Tensor& tensor) {
    return tensor.dtype() == DType::u8 ? DataType::u8 : DataType::s8;
}

Desc integers_nhwc(const Tensor& tensor) {
    const int64_t h = tensor.dim(1), w = tensor.dim(2), c = tensor.dim(3);
    return {{tensor.dim(0), c, h, w}, type_of(tensor), Dims{h * w * c, 1, w * c, c}};
}

// Weights [O, kh, kw, I] as they are.
Desc integers_ohwi(const Tensor& weight, int groups) {
    Desc desc = ohwi(weight.shape(), groups);
    desc.data.data_type = dnnl_s8;
    return desc;
}

dnnl::primitive_attr epilogue(const Tensor& multiplier, const Tensor& residual,
                              const QuantizedConv2dParams& params) {
    dnnl::primitive_attr attributes = default_attributes();
    const float* values = multiplier.data<float>();
    constexpr int of_each_channel = 1 << 1;
    attributes.set_output_scales(of_each_channel, {values, values + multiplier.numel()});
    dnnl::post_ops operations;
    // Read where the result goes, which its kernels do faster than from an operand of its own.
    if (residual.defined()) operations.append_sum(1.f, type_of(residual));
    if (params.conv.activation == Activation::relu)
        operations.append_eltwise(params.factor, dnnl::algorithm::eltwise_relu, 0.f, 0.f);
    else if (params.factor != 1.0f)
        operations.append_eltwise(1.f, dnnl::algorithm::eltwise_linear, params.factor, 0.f);
    attributes.set_post_ops(operations);
    return attributes;
}

Plan make_plan(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& residual,
               const Tensor& y, const QuantizedConv2dParams& params) {
    const Conv2dParams& conv = params.conv;
    const Desc weights(weight_dims(weight.shape(), conv.groups), DataType::s8, dnnl::memory::format_tag::any);
    const Forward::desc operation(
        dnnl::prop_kind::forward_inference, dnnl::algorithm::convolution_direct, integers_nhwc(x), weights,
        vector_of(multiplier), integers_nhwc(y), {conv.stride[0], conv.stride[1]},
        {conv.dilation[0] - 1, conv.dilation[1] - 1}, {conv.padding_before[0], conv.padding_before[1]},
        {conv.padding_after[0], conv.padding_after[1]});
    const Forward::primitive_desc description(operation, epilogue(multiplier, residual, params),
                                              cpu_engine());
    return {Forward(description), description.weights_desc(), description.scratchpad_desc()};
}

Plan plan_for(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& residual,
              const Tensor& y, const QuantizedConv2dParams& params) {
    const auto make = [&] { return make_plan(x, weight, multiplier, residual, y, params); };
    if (!multiplier.buffer()->frozen()) return make();
    CacheKey key;
    key.add_all(x.shape()).add_all(weight.shape()).add(x.dtype()).add(y.dtype()).add(thread_count());
    key.add_all(params.conv.stride).add_all(params.conv.padding_before).add_all(params.conv.padding_after);
    key.add_all(params.conv.dilation).add(params.conv.groups).add(params.conv.activation);
    key.add(std::bit_cast<uint32_t>(params.factor)).add(multiplier.byte_offset());
    key.add(residual.defined() ? static_cast<int>(residual.dtype()) : -1);
    return multiplier.buffer()->attachment<Plan>(key.str(), make);
}

void copy_bytes(const Tensor& from, const Tensor& to) {
    UNMASK_ASSERT(from.bytes() == to.bytes());
    if (from.raw() == to.raw()) return;
    constexpr int64_t grain = 64 * 1024;
    const auto* source = static_cast<const std::byte*>(from.raw());
    auto* target = static_cast<std::byte*>(to.raw());
    parallel_for(static_cast<int64_t>(from.bytes()), grain, [&](int64_t begin, int64_t end) {
        std::memcpy(target + begin, source + begin, static_cast<size_t>(end - begin));
    });
}

void run(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
         const Tensor& residual, const Tensor& y, const QuantizedConv2dParams& params) {
    const Plan plan = plan_for(x, weight, multiplier, residual, y, params);
    const Tensor weights = packed(weight, integers_ohwi(weight, params.conv.groups), plan.weight);
    Arguments arguments{{DNNL_ARG_SRC, wrap(integers_nhwc(x), x)},
                        {DNNL_ARG_WEIGHTS, wrap(plan.weight, weights)},
                        {DNNL_ARG_BIAS, wrap(vector_of(bias), bias)},
                        {DNNL_ARG_DST, wrap(integers_nhwc(y), y)}};
    UNMASK_ASSERT(x.raw() != y.raw());
    if (residual.defined()) copy_bytes(residual, y);
    execute(plan.primitive, plan.scratchpad, std::move(arguments));
}

void forward(const Tensor& x, const Tensor& weight, const Tensor& multiplier, const Tensor& bias,
             const Tensor& residual, Tensor& y, const QuantizedConv2dParams& params) {
    if (y.numel() == 0) return;
    if (!has_sums_of_four())
        return portable_quantized_conv2d(x, weight, multiplier, bias, residual, y, params);
    if (winograd_quantized_forward(x, weight, multiplier, bias, residual, y, params)) return;
    checked("quantized_conv2d_forward", x.shape(), weight.shape(),
            [&] { run(x, weight, multiplier, bias, residual, y, params); });
}

const KernelEntry entry{quantized_conv2d_forward, Backend::onednn, &forward};

}  // namespace
}  // namespace unmask::onednn
