// SPDX-License-Identifier: Apache-2.0
// conv2d by cuDNN's graph API in f32 and bf16 (sums in float32), depthwise convolution by kernels of our own.
// Bias, residual and activation are fused into the convolution where an engine takes them, else one kernel
// follows; of few pixels a kernel of our own is timed beside the engines. A gradient of x that is added to is
// so in the convolution's own pass. Channel counts that tensor cores do not like are padded by cuDNN inside
// its workspace, at every pass; the images come with channels of zeros already. What a ReLU that cuDNN fuses
// makes of NaN is not specified (0, it may be); fused activations serve inference alone.
#include "engine/ops/conv2d.h"

#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <functional>

#include "cuda/check.h"
#include "cuda/context.h"
#include "cuda/conv2d_epilogue.h"
#include "cuda/cudnn/legacy_conv2d.h"
#include "cuda/cudnn/plan_cache.h"
#include "cuda/depthwise_conv2d.h"
#include "cuda/split_k_conv2d.h"
#include "engine/error.h"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

using cudnn::Alternatives;
using cudnn::Choice;
using cudnn::Convolution;
using cudnn::ConvolutionKind;
using cudnn::Operand;

// The greatest power of two, up to 16, that all addresses divide by.
int64_t common_alignment(std::initializer_list<const Tensor*> tensors) {
    uintptr_t bits = 16;
    for (const Tensor* tensor : tensors)
        if (tensor->defined()) bits |= reinterpret_cast<uintptr_t>(tensor->raw());
    return static_cast<int64_t>(bits & (~bits + 1));
}

void check_dtype(const char* op, const Tensor& tensor) {
    if (tensor.dtype() != DType::f32 && tensor.dtype() != DType::bf16)
        fail("{}: expected f32 or bf16 on {}, found {}", op, name_of(tensor.device()),
             name_of(tensor.dtype()));
}

bool is_depthwise(const Shape& x, const Shape& weight, const Conv2dParams& params) {
    return params.groups > 1 && params.groups == x[3] && params.groups == weight[0] &&
           depthwise_conv2d_supported(x, weight, params);
}

// The plan that serves the problem, or the alternative that is faster; where there is neither, `refusal` says
// why and the result is false.
bool run(CudaContext& context, const Convolution& problem, std::span<const Operand> operands,
         std::string& refusal, const Alternatives& alternatives = {}) {
    context.make_current();
    const auto entry = context.service<cudnn::PlanCache>().get(problem, operands, alternatives);
    if (entry->alternative) {
        alternatives.run(*entry->alternative);
        return true;
    }
    if (entry->plan == nullptr) {
        refusal = entry->refusal;
        return false;
    }
    const size_t bytes = entry->plan->workspace_bytes();
    void* workspace = context.shared_workspace(bytes);
    const Scratch own(context, workspace == nullptr ? bytes : 0);
    if (!own.enough())
        throw OutOfMemory(fmt::format("{}: out of memory, {} has no {} bytes left for cuDNN's workspace",
                                      problem.str(), name_of(context.device()), bytes));
    UNMASK_CUDNN_FOR(
        entry->plan->execute(context.cudnn(), operands, workspace == nullptr ? own.memory() : workspace),
        problem.str());
    return true;
}

// A problem without an epilogue, which some engine must take.
void run_plain(CudaContext& context, const Convolution& problem, std::span<const Operand> operands,
               const Alternatives& alternatives = {}) {
    if (cudnn::legacy_enabled()) {
        context.make_current();
        return cudnn::legacy_convolution(context, problem, operands);
    }
    std::string refusal;
    if (!run(context, problem, operands, refusal, alternatives))
        fail("{}: cuDNN has no engine for it on {} ({})", problem.str(), context.info().name, refusal);
}

void run_forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
                 const Conv2dParams& params) {
    CudaContext& context = CudaContext::of(x);
    Convolution problem{.kind = ConvolutionKind::forward,
                        .dtype = x.dtype(),
                        .x = x.shape(),
                        .weight = weight.shape(),
                        .y = y.shape(),
                        .params = params,
                        .bias = bias.defined(),
                        .residual = residual.defined(),
                        .alignment = common_alignment({&x, &weight, &bias, &residual, &y})};
    std::array<Operand, 5> operands{
        Operand{cudnn::x_id, x.raw()}, {cudnn::weight_id, weight.raw()}, {cudnn::y_id, y.raw()}};
    size_t count = 3;
    // y is written before the residual is read, by candidates that are timed and by the convolution alone.
    UNMASK_ASSERT(!residual.defined() || residual.raw() != y.raw());
    const auto unfused = [&] {
        Conv2dParams plain = params;
        plain.activation = Activation::none;
        run_forward(x, weight, Tensor(), Tensor(), y, plain);
        conv2d_epilogue(bias, residual, y, params.activation);
    };
    const bool epilogue = problem.has_epilogue();
    const Alternatives alternatives{
        .offered =
            [&] {
                std::vector<Choice> offered;
                for (const int slices : split_k_conv2d_slices(x, weight, bias, residual, y, params))
                    offered.push_back({.engine = Choice::split_k, .knobs = {{0, slices}}});
                if (epilogue) offered.push_back({.engine = Choice::unfused, .knobs = {}});
                return offered;
            },
        .run =
            [&](const Choice& choice) {
                if (choice.engine == Choice::unfused) return unfused();
                split_k_conv2d_forward(x, weight, bias, residual, y, params,
                                       static_cast<int>(choice.knobs.at(0).second));
            }};
    if (!epilogue) return run_plain(context, problem, std::span(operands).first(3), alternatives);
    // Unlike plain engines, cuDNN offers fused ones whatever the alignment, though they load 16 bytes at
    // once.
    if (problem.alignment < 16 || cudnn::legacy_enabled()) return unfused();
    if (bias.defined()) operands[count++] = {cudnn::bias_id, bias.raw()};
    if (residual.defined()) operands[count++] = {cudnn::residual_id, residual.raw()};
    std::string refusal;
    if (!run(context, problem, std::span(operands).first(count), refusal, alternatives)) unfused();
}

void forward(const Tensor& x, const Tensor& weight, const Tensor& bias, const Tensor& residual, Tensor& y,
             const Conv2dParams& params) {
    check_dtype("conv2d_forward", x);
    const Activation activation = params.activation;
    if (activation != Activation::none && activation != Activation::relu && activation != Activation::silu)
        fail("conv2d_forward: expected none, relu or silu as activation, found {}", name_of(activation));
    if (y.numel() == 0) return;
    if (weight.numel() == 0) {  // no input channels: the empty sum
        y.fill_zero();
        if (bias.defined() || residual.defined()) conv2d_epilogue(bias, residual, y, activation);
        return;
    }
    if (is_depthwise(x.shape(), weight.shape(), params))
        return depthwise_conv2d_forward(x, weight, bias, residual, y, params);
    run_forward(x, weight, bias, residual, y, params);
}

// The problem of a gradient; the activation is not part of it.
Convolution gradient_problem(ConvolutionKind kind, const Tensor& x, const Tensor& weight, const Tensor& y,
                             const Conv2dParams& params) {
    Convolution problem{.kind = kind,
                        .dtype = y.dtype(),
                        .x = x.shape(),
                        .weight = weight.shape(),
                        .y = y.shape(),
                        .params = params,
                        .alignment = common_alignment({&x, &weight, &y})};
    problem.params.activation = Activation::none;
    return problem;
}

std::array<Operand, 3> operands_of(const Tensor& x, const Tensor& weight, const Tensor& y) {
    return {Operand{cudnn::x_id, x.raw()}, {cudnn::weight_id, weight.raw()}, {cudnn::y_id, y.raw()}};
}

// Both gradients: which of the three the kind writes, cuDNN knows.
void run_backward(ConvolutionKind kind, const Tensor& x, const Tensor& weight, const Tensor& y,
                  const Conv2dParams& params) {
    run_plain(CudaContext::of(y), gradient_problem(kind, x, weight, y, params), operands_of(x, weight, y));
}

void write_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                         const Conv2dParams& params) {
    if (is_depthwise(grad_x.shape(), weight.shape(), params))
        return depthwise_conv2d_backward_data(grad_y, weight, grad_x, params);
    run_backward(ConvolutionKind::backward_data, grad_x, weight, grad_y, params);
}

// Added by cuDNN, in float32 and in the pass that writes, where an engine does that.
bool add_backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x,
                       const Conv2dParams& params) {
    if (is_depthwise(grad_x.shape(), weight.shape(), params) || cudnn::legacy_enabled()) return false;
    Convolution problem = gradient_problem(ConvolutionKind::backward_data, grad_x, weight, grad_y, params);
    problem.accumulate = true;
    std::string refusal;
    return run(CudaContext::of(grad_y), problem, operands_of(grad_x, weight, grad_y), refusal);
}

void backward_data(const Tensor& grad_y, const Tensor& weight, Tensor& grad_x, const Conv2dParams& params,
                   bool accumulate) {
    check_dtype("conv2d_backward_data", grad_y);
    if (grad_x.numel() == 0) return;
    if (grad_y.numel() == 0 || weight.numel() == 0) {
        if (!accumulate) grad_x.fill_zero();
        return;
    }
    if (!accumulate) return write_backward_data(grad_y, weight, grad_x, params);
    if (!add_backward_data(grad_y, weight, grad_x, params))
        add_computed(grad_x, [&](Tensor& own) { write_backward_data(grad_y, weight, own, params); });
}

void backward_weight(const Tensor& grad_y, const Tensor& x, Tensor& grad_weight, const Conv2dParams& params) {
    check_dtype("conv2d_backward_weight", grad_y);
    if (grad_weight.numel() == 0) return;
    if (x.numel() == 0 || grad_y.numel() == 0) return grad_weight.fill_zero();
    if (is_depthwise(x.shape(), grad_weight.shape(), params))
        return depthwise_conv2d_backward_weight(grad_y, x, grad_weight, params);
    run_backward(ConvolutionKind::backward_weight, x, grad_weight, grad_y, params);
}

const KernelEntry forward_entry{conv2d_forward, Backend::cuda, &forward};
const KernelEntry backward_data_entry{conv2d_backward_data, Backend::cuda, &backward_data};
const KernelEntry backward_weight_entry{conv2d_backward_weight, Backend::cuda, &backward_weight};

}  // namespace
}  // namespace unmask
