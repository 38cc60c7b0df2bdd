// SPDX-License-Identifier: Apache-2.0
// Stand-ins for what the GPU's libraries compute: the dense convolutions and matrix products of the emulated
// GPU are the CPU's. Depthwise convolutions, what follows a convolution and products of a few rows are our
// own kernels there too.
#include <bit>

#include "cuda/conv2d_epilogue.h"
#include "cuda/depthwise_conv2d.h"
#include "cuda/few_row_matmul.h"
#include "engine/compute_mode.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/matmul.h"
#include "tests/simt/machine.h"

namespace unmask {
namespace {

// The emulated GPU's memory as a tensor of the CPU. It shares the memory, so it must not outlive the tensor.
Tensor on_host(const Tensor& tensor) {
    if (!tensor.defined()) return {};
    auto buffer = std::make_shared<Buffer>(context_of(cpu_device), tensor.raw(), tensor.bytes(),
                                           std::make_shared<int>());  // nothing to keep alive
    return Tensor::view(std::move(buffer), 0, tensor.shape(), tensor.dtype());
}

// What tensor cores make of float32 operands in TF32: 10 bits of mantissa, the nearest, ties away from zero.
Tensor in_tf32(const Tensor& tensor) {
    Tensor result = tensor.clone();
    for (int64_t i = 0; i < result.numel(); ++i) {
        const auto bits = std::bit_cast<uint32_t>(result.data<float>()[i]);
        if ((bits >> 23 & 0xFF) != 0xFF)  // finite
            result.data<float>()[i] = std::bit_cast<float>((bits + 0x1000u) & ~0x1FFFu);
    }
    return result;
}

void mark(const Tensor& tensor, void (*access)(const void*, size_t)) {
    if (tensor.defined()) access(tensor.raw(), tensor.bytes());
}

// Runs compute(inputs…, result) on the host in float32 and rounds the result to its dtype; by compute_mode()
// the operands of float32 products to TF32 before. The tensors' memory is taken to live until then, as it
// does on a stream.
template <class Compute, class... Inputs>
void run_on_host(Compute compute, const Tensor& result, const Inputs&... inputs) {
    simt::enqueue([=, place = on_host(result), ... operands = on_host(inputs)]() mutable {
        const auto in_float = [](const Tensor& t) {
            if (!t.defined()) return t;
            return t.dtype() == DType::f32 && compute_mode().tf32 ? in_tf32(t) : t.to(DType::f32);
        };
        (mark(operands, simt::reads), ...);
        mark(place, simt::writes);
        Tensor y = place.dtype() == DType::f32 ? place : Tensor::empty(place.shape());
        compute(in_float(operands)..., y);
        if (place.dtype() != DType::f32) place.copy_from(y.to(place.dtype()));
    });
}

void convolve(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
              const Conv2dParams& params) {
    if (depthwise_conv2d_supported(x.shape(), weight.shape(), params))
        return depthwise_conv2d_forward(x, weight, bias, residual, y, params);
    Conv2dParams plain = params;
    plain.activation = Activation::none;
    run_on_host([plain](const Tensor& in, const Tensor& w,
                        Tensor& out) { conv2d_forward(in, w, Tensor(), Tensor(), out, plain); },
                y, x, weight);
    if (bias.defined() || residual.defined() || params.activation != Activation::none)
        conv2d_epilogue(bias, residual, y, params.activation);
}

void convolve_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                            const Conv2dParams& params, bool accumulate) {
    if (depthwise_conv2d_supported(grad_x.shape(), weight.shape(), params)) {
        if (!accumulate) return depthwise_conv2d_backward_data(grad_y, weight, grad_x, params);
        return add_computed(
            grad_x, [&](Tensor& own) { depthwise_conv2d_backward_data(grad_y, weight, own, params); });
    }
    if (accumulate)  // in float32, as cuDNN does it
        run_on_host(
            [params](const Tensor& g, const Tensor& w, const Tensor& before, Tensor& out) {
                Tensor sum = before.clone();
                add_computed(sum, [&](Tensor& own) { conv2d_backward_data(g, w, own, params, false); });
                out.copy_from(sum);
            },
            grad_x, grad_y, weight, grad_x);
    else
        run_on_host([params](const Tensor& g, const Tensor& w,
                             Tensor& out) { conv2d_backward_data(g, w, out, params, false); },
                    grad_x, grad_y, weight);
}

void convolve_backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight,
                              const Conv2dParams& params) {
    if (depthwise_conv2d_supported(x.shape(), grad_weight.shape(), params))
        return depthwise_conv2d_backward_weight(grad_y, x, grad_weight, params);
    run_on_host([params](const Tensor& g, const Tensor& in,
                         Tensor& out) { conv2d_backward_weight(g, in, out, params); },
                grad_weight, grad_y, x);
}

void multiply(const Tensor& a, const Tensor& b, const Tensor& bias, Tensor& y, const MatmulParams& params) {
    if (few_row_matmul_supported(a, b, params)) return few_row_matmul_forward(a, b, bias, y, params);
    run_on_host([params](const Tensor& left, const Tensor& right, const Tensor& added,
                         Tensor& out) { matmul_forward(left, right, added, out, params); },
                y, a, b, bias);
}

const KernelEntry forward_entry{conv2d_forward, Backend::cuda, &convolve};
const KernelEntry data_entry{conv2d_backward_data, Backend::cuda, &convolve_backward_data};
const KernelEntry weight_entry{conv2d_backward_weight, Backend::cuda, &convolve_backward_weight};
const KernelEntry matmul_entry{matmul_forward, Backend::cuda, &multiply};

}  // namespace
}  // namespace unmask
