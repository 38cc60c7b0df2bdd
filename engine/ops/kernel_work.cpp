// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/kernel_work.h"

#include "engine/error.h"
#include "engine/ops/accumulate.h"
#include "engine/ops/activation.h"
#include "engine/ops/augment.h"
#include "engine/ops/batch_norm.h"
#include "engine/ops/cast.h"
#include "engine/ops/channel_scale.h"
#include "engine/ops/compact_conv2d.h"
#include "engine/ops/conv2d.h"
#include "engine/ops/dropout.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/embedding.h"
#include "engine/ops/information_objective.h"
#include "engine/ops/layout.h"
#include "engine/ops/leave_one_out_linear.h"
#include "engine/ops/matmul.h"
#include "engine/ops/pool.h"
#include "engine/ops/quantize.h"
#include "engine/ops/quantized_conv2d.h"
#include "engine/ops/reduce.h"
#include "engine/ops/resize.h"
#include "engine/ops/softmax.h"
#include "engine/optimizer.h"

namespace unmask {
namespace {

using Visit = std::function<void(const Tensor&)>;

// Visits every tensor of an argument, whatever holds it.
struct ArgumentVisitor {
    const Visit& visit;

    template <class... Arguments>
    void all(const Arguments&... arguments) const {
        (one(arguments), ...);
    }
    template <class T>
    void one(const T&) const {}  // numbers and options
    template <class T>
    void one(const std::vector<T>& list) const {
        for (const T& each : list) one(each);
    }
    void one(const Tensor& tensor) const {
        if (tensor.defined()) visit(tensor);
    }
    void one(const Accumulation& part) const { all(part.gradient, part.target); }
    void one(const MovedAverage& part) const { all(part.value, part.average); }
    void one(const UpdateOperands& operands) const { all(operands.factors, operands.copy, operands.guard); }
    void one(const ObjectiveTargets& targets) const {
        all(targets.labels, targets.mixed_labels, targets.lambda);
    }
    void one(const DropoutParams& params) const { one(params.device_step); }
    void one(const BatchNormParams& params) const { one(params.dropout); }
    void one(const AugmentParams& params) const { all(params.quantiles, params.partner, params.lambda); }
    void one(const BatchNormGroup& group) const {
        all(group.weight, group.bias, group.running_mean, group.running_variance, group.saved_mean,
            group.saved_inverse_deviation);
    }
    void one(const BatchNormBranch& branch) const {
        all(branch.x, branch.y, branch.residual, branch.mask, branch.argmax, branch.means, branch.groups);
    }
    void one(const BatchNormGradients::Group& group) const { all(group.weight, group.bias); }
    void one(const BatchNormGradients& gradients) const {
        all(gradients.grad_y, gradients.scale, gradients.grad_means, gradients.x, gradients.residual,
            gradients.groups);
    }
};

// Slots whose first tensor only says where to compute; the other arguments hold it.
template <class Kernel>
bool names_its_device(const Kernel& kernel) {
    const void* slot = &kernel;
    return slot == &batch_norm_forward || slot == &batch_norm_backward || slot == &batch_norm_gate_forward ||
           slot == &batch_norm_gate_backward || slot == &accumulate_gradients ||
           slot == &information_objective_forward;
}

template <class Kernel>
bool visit_call(const KernelCall& call, const Kernel& kernel, const Visit& visit) {
    const auto* arguments = call.of(kernel);
    if (arguments == nullptr) return false;
    std::apply(
        [&](const Tensor& first, const auto&... rest) {
            const ArgumentVisitor visitor{visit};
            if (!names_its_device(kernel)) visitor.one(first);
            visitor.all(rest...);
        },
        *arguments);
    return true;
}

template <class... Kernels>
bool visit_call_of_one(const KernelCall& call, const Visit& visit, const Kernels&... kernels) {
    return (visit_call(call, kernels, visit) || ...);
}

double product_flops(const KernelCall& call) {
    if (const auto* arguments = call.of(matmul_forward)) {
        const auto& [a, b, bias, y, params] = *arguments;
        return 2.0 * double(y.numel()) * double(a.dim(params.transpose_a ? -2 : -1));
    }
    const auto heads = [](const Tensor& z, const std::vector<Tensor>& weights) {
        double flops = 0;
        for (const Tensor& weight : weights) flops += 2.0 * double(z.dim(0)) * double(weight.numel());
        return flops;
    };
    if (const auto* arguments = call.of(leave_one_out_linear_forward))
        return heads(std::get<0>(*arguments), std::get<1>(*arguments));
    if (const auto* arguments = call.of(leave_one_out_linear_backward)) {
        const auto& [grad_y, z, weights, grad_z, grad_parameters] = *arguments;
        return heads(z, weights) * (int(grad_z.defined()) + int(grad_parameters.defined()));
    }
    return 0;
}

// What is read and written in the same place counts once more than each_tensor says.
double changed_in_place(const KernelCall& call) {
    if (const auto* arguments = call.of(adam_step)) {
        const auto& [gradient, value, first_moment, second_moment, operands, params] = *arguments;
        return double(value.bytes() + first_moment.bytes() + second_moment.bytes()) +
               (operands.clear_gradients ? double(gradient.bytes()) : 0.0);
    }
    if (const auto* arguments = call.of(sgd_step)) {
        const auto& [gradient, value, velocity, operands, params] = *arguments;
        return double(value.bytes() + (velocity.defined() ? velocity.bytes() : 0)) +
               (operands.clear_gradients ? double(gradient.bytes()) : 0.0);
    }
    if (const auto* arguments = call.of(conv2d_backward_data)) {
        const auto& [grad_y, weight, grad_x, params, accumulate] = *arguments;
        return accumulate ? double(grad_x.bytes()) : 0.0;
    }
    if (const auto* arguments = call.of(adaptive_average_pool2d_backward)) {
        const auto& [grad_y, grad_x, accumulate] = *arguments;
        return accumulate ? double(grad_x.bytes()) : 0.0;
    }
    double bytes = 0;
    if (const auto* arguments = call.of(accumulate_gradients))
        for (const Accumulation& part : std::get<1>(*arguments)) bytes += double(part.target.bytes());
    if (const auto* arguments = call.of(move_averages))
        for (const MovedAverage& part : std::get<1>(*arguments)) bytes += double(part.average.bytes());
    return bytes;
}

bool visit_tensors(const KernelCall& call, const Visit& visit) {
    return visit_call_of_one(
        call, visit, accumulate_gradients, activation_forward, activation_backward, adam_step, sgd_step,
        adaptive_average_pool2d_forward, adaptive_average_pool2d_backward, affine_forward, augment_forward,
        average_pool2d_forward, average_pool2d_backward, batch_norm_forward, batch_norm_backward,
        batch_norm_gate_forward, batch_norm_gate_backward, binary_forward, broadcast_forward, cast_forward,
        channel_scale_forward, channel_scale_backward, compact_conv2d_forward, conv2d_forward,
        conv2d_backward_data, conv2d_backward_weight, copy_pitched, dequantize_forward, dropout_forward,
        embedding_forward, embedding_backward, information_objective_forward, leave_one_out_linear_forward,
        leave_one_out_linear_backward, matmul_forward, max_pool2d_forward, max_pool2d_backward, move_averages,
        permute_forward, quantize_forward, quantized_conv2d_forward, reduce_forward, reduce_max_backward,
        resize_bilinear_forward, resize_bilinear_backward, softmax_forward, softmax_backward, unary_forward,
        unary_backward);
}

}  // namespace

void each_tensor(const KernelCall& call, const Visit& visit) {
    if (!visit_tensors(call, visit))
        fail("kernel work: expected a slot of the table in kernel_work.cpp, found {}", call.name());
}

std::string text_of(const KernelCall& call) {
    constexpr int most = 12;  // lists of branches or parameters may be long
    std::string text;
    int count = 0;
    const bool known = visit_tensors(call, [&](const Tensor& tensor) {
        if (count++ < most)
            text +=
                fmt::format("{}{} {}", count > 1 ? ", " : "", name_of(tensor.dtype()), tensor.shape().str());
    });
    if (!known) return call.name();
    if (count > most) text += fmt::format(", and {} more", count - most);
    return fmt::format("{}({})", call.name(), text);
}

std::optional<Conv2dShapes> conv2d_shapes(const KernelCall& call) {
    if (const auto* arguments = call.of(conv2d_forward)) {
        const auto& [x, weight, bias, residual, y, params] = *arguments;
        return Conv2dShapes{x.shape(), weight.shape(), y.shape()};
    }
    if (const auto* arguments = call.of(conv2d_backward_data)) {
        const auto& [grad_y, weight, grad_x, params, accumulate] = *arguments;
        return Conv2dShapes{grad_x.shape(), weight.shape(), grad_y.shape()};
    }
    if (const auto* arguments = call.of(conv2d_backward_weight)) {
        const auto& [grad_y, x, grad_weight, params] = *arguments;
        return Conv2dShapes{x.shape(), grad_weight.shape(), grad_y.shape()};
    }
    if (const auto* arguments = call.of(compact_conv2d_forward)) {
        const auto& [x, weight, scale, bias, residual, y, params] = *arguments;
        return Conv2dShapes{x.shape(), weight.shape(), y.shape()};
    }
    if (const auto* arguments = call.of(quantized_conv2d_forward)) {
        const auto& [x, weight, multiplier, bias, residual, y, params] = *arguments;
        return Conv2dShapes{x.shape(), weight.shape(), y.shape()};
    }
    return std::nullopt;
}

KernelWork work_of(const KernelCall& call) {
    KernelWork work;
    if (const std::optional<Conv2dShapes> conv = conv2d_shapes(call))
        work.flops = 2.0 * double(conv->y.numel()) * double(conv->weight.numel()) / double(conv->weight[0]);
    else
        work.flops = product_flops(call);
    if (const auto* arguments = call.of(copy_pitched)) {
        const auto& [source, target, copy] = *arguments;
        work.bytes = 2.0 * double(copy.rows) * double(copy.run) * double(size_of(source.dtype()));
        return work;
    }
    each_tensor(call, [&work](const Tensor& tensor) { work.bytes += double(tensor.bytes()); });
    work.bytes += changed_in_place(call);
    return work;
}

void WorkCounter::called(const KernelCall& call) {
    if (depth_++ > 0) return;
    const KernelWork work = work_of(call);
    work_.flops += work.flops;
    work_.bytes += work.bytes;
}

}  // namespace unmask
