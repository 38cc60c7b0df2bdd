// SPDX-License-Identifier: Apache-2.0
#include "layers/conv_norm_activation.h"

#include <algorithm>
#include <cmath>

#include "engine/error.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"
#include "engine/ops/quantize.h"
#include "layers/folding.h"

namespace unmask {
namespace {

Conv2dLayerOptions conv_options(const ConvNormActivationOptions& options) {
    return {.in_channels = options.in_channels,
            .out_channels = options.out_channels,
            .kernel = options.kernel,
            .stride = options.stride,
            .groups = options.groups};
}

void check_finite(const std::string& name, const std::vector<double>& values) {
    for (const double value : values)
        if (!std::isfinite(value)) fail("{}: expected finite weights and statistics, found {}", name, value);
}

}  // namespace

ConvNormActivation::ConvNormActivation(const ConvNormActivationOptions& options)
    : conv_name_(options.conv_name),
      conv_(add_module(options.conv_name, std::make_unique<Conv2d>(conv_options(options)))),
      norm_(add_module(options.norm_name,
                       std::make_unique<BatchNorm>(options.out_channels, options.activation))) {}

std::vector<Variable> ConvNormActivation::forward_lockstep(const std::vector<Layer*>& peers,
                                                           const std::vector<Variable>& x) {
    return forward_lockstep(
        parts_of<ConvNormActivation>(peers, [](ConvNormActivation& peer) { return &peer; }), x, {});
}

std::vector<Variable> ConvNormActivation::forward_lockstep(const std::vector<ConvNormActivation*>& blocks,
                                                           const std::vector<Variable>& x,
                                                           const Epilogue& epilogue) {
    const std::vector<Variable>& residuals = epilogue.residuals;
    const std::optional<Pool2dParams>& pool = epilogue.pool;
    const std::vector<ChannelGate>& gates = epilogue.gates;
    const auto residual = [&residuals](size_t i) { return residuals.empty() ? Variable() : residuals[i]; };
    std::vector<Variable> y;
    if (!in_one_mode(blocks)) {
        for (size_t i = 0; i < blocks.size(); ++i) {
            Epilogue own{.residuals = {residual(i)}, .pool = pool};
            if (!gates.empty()) own.gates = {gates[i]};
            y.push_back(forward_lockstep({blocks[i]}, {x[i]}, own).front());
        }
        return y;
    }
    // Behind convolutions that are fused with their activation.
    const auto finished = [&pool, &gates](size_t i, const Variable& map) {
        return pool ? max_pool2d(map, *pool) : gates.empty() ? map : gated(map, gates[i]);
    };
    if (blocks.front()->quantized()) {
        for (size_t i = 0; i < blocks.size(); ++i)
            y.push_back(finished(i, blocks[i]->forward_quantized(x[i].value(), residual(i).value())));
        return y;
    }
    if (blocks.front()->uses_folded()) {
        for (size_t i = 0; i < blocks.size(); ++i) {
            const Folded& folded = blocks[i]->folded_for(x[i]);
            y.emplace_back(compact_conv2d(x[i].value(), folded.weight, folded.bias, residual(i).value(),
                                          blocks[i]->conv_.geometry(), blocks[i]->norm_.activation()));
            if (Seen* seen = blocks[i]->seen_.get()) {
                if (seen->with_input) seen->input.add(x[i].value());
                seen->output.add(y.back().value());
            }
            y.back() = finished(i, y.back());
        }
        return y;
    }
    std::vector<BatchNormOperands> norms;
    for (size_t i = 0; i < blocks.size(); ++i) {
        blocks[i]->check_kept();
        y.push_back(blocks[i]->conv_.forward(x[i]));
        norms.push_back(blocks[i]->norm_.operands());
    }
    BatchNormParams params = blocks.front()->norm_.params();
    params.pool = pool;
    return batch_norm(y, norms, params, residuals, gates);
}

bool in_one_mode(const std::vector<ConvNormActivation*>& blocks) {
    return std::ranges::all_of(blocks, [first = blocks.front()](const ConvNormActivation* block) {
        return block->norm_.training() == first->norm_.training() &&
               block->quantized() == first->quantized() && block->uses_folded() == first->uses_folded();
    });
}

const ConvNormActivation::Folded& ConvNormActivation::folded_for(const Variable& x) {
    const Tensor& values = folded_.weight.values;
    const int64_t channels = std::max(values.dim(3), conv_.geometry().groups == 1 ? x.dim(3) : 0);
    const bool compact = values.dtype() != folded_.bias.dtype();
    const bool in_bf16 = x.dtype() == DType::bf16 && values.dtype() != DType::i8;
    if (!in_bf16 && channels == values.dim(3)) return folded_;
    const std::pair form{x.dtype(), channels};
    if (const auto found = adapted_.find(form); found != adapted_.end()) return found->second;
    const Recording::Pause constant;
    Folded made;
    if (compact && values.dtype() != x.dtype()) {
        made = {{with_zero_channels(values, channels).value(), folded_.weight.scale}, folded_.bias};
    } else {
        const DType dtype = x.dtype() == DType::bf16 ? DType::bf16 : values.dtype();
        made = {{with_zero_channels(cast(values, dtype), channels).value(), {}},
                cast(folded_.bias, dtype).value()};
        made.weight.values.buffer()->freeze();
        made.bias.buffer()->freeze();
    }
    return adapted_.emplace(form, std::move(made)).first->second;
}

Variable forward_merged(const std::vector<ConvNormActivation*>& blocks, const Variable& x,
                        const std::optional<Pool2dParams>& pool) {
    ConvNormActivation& first = *blocks.front();
    if (first.uses_folded()) {
        std::vector<Variable> weights, scales, biases;
        for (ConvNormActivation* block : blocks) {
            const ConvNormActivation::Folded& folded = block->folded_for(x);
            weights.emplace_back(folded.weight.values);
            if (folded.weight.scale.defined()) scales.emplace_back(folded.weight.scale);
            biases.emplace_back(folded.bias);
        }
        const CompactWeight weight{concat(weights, 0).value(),
                                   scales.empty() ? Tensor() : concat(scales, 0).value()};
        const Variable map(compact_conv2d(x.value(), weight, concat(biases, 0).value(), Tensor(),
                                          first.conv_.geometry(), first.norm_.activation()));
        return pool ? max_pool2d(map, *pool) : map;
    }
    std::vector<Variable> weights;
    std::vector<BatchNormOperands> norms;
    for (ConvNormActivation* block : blocks) {
        block->check_kept();
        weights.push_back(block->conv_.weight());
        norms.push_back(block->norm_.operands());
    }
    Variable weight = concat(weights, 0);
    if (x.dtype() == DType::bf16) weight = cast(weight, DType::bf16);
    weight = with_zero_channels(weight, x.dim(3));
    BatchNormParams params = first.norm_.params();
    params.pool = pool;
    return batch_norm(conv2d(x, weight, {}, first.conv_.geometry()), norms, params);
}

void ConvNormActivation::prepare_own(WeightFormat format) {
    const Tensor& weight = conv_.weight().value();
    const BatchNorm::Affine affine = norm_.inference_affine();
    std::vector<double> folded = weight.to_doubles();
    const size_t row = folded.size() / affine.scale.size();
    for (size_t i = 0; i < folded.size(); ++i) folded[i] *= affine.scale[i / row];
    check_finite(conv_name_, folded);
    check_finite(conv_name_, affine.shift);
    discard_prepared();
    if (has_scales()) {
        // Integers are made on the CPU, so that every device computes with the same.
        quantized_ = quantized_filters(
                         compacted(weight.shape(), folded, weight.dtype(), cpu_device, WeightFormat::int8),
                         frozen({weight.dim(0)}, affine.shift, weight.dtype(), cpu_device), scales_)
                         .to(weight.device());
        return;
    }
    if (conv_.geometry().groups != 1) format = WeightFormat::f32;
    folded_ = {compacted(weight.shape(), folded, weight.dtype(), weight.device(), format),
               frozen({weight.dim(0)}, affine.shift, weight.dtype(), weight.device())};
}

void ConvNormActivation::release_own() {
    release_memory();
}

std::vector<Module::NamedTensor> ConvNormActivation::prepared_own() const {
    std::vector<NamedTensor> result;
    const auto add = [&](const Folded& folded) {
        if (!folded.weight.values.defined()) return;
        result.push_back({conv_name_ + ".weight", folded.weight.values});
        result.push_back({conv_name_ + ".bias", folded.bias});
    };
    add(folded_);
    for (const auto& [form, folded] : adapted_) add(folded);
    const auto add_integers = [&](const QuantizedFilters& filters) {
        result.push_back({conv_name_ + ".weight", filters.weight});
        result.push_back({conv_name_ + ".bias", filters.bias});
    };
    if (quantized()) add_integers(quantized_);
    for (const auto& [channels, filters] : widened_) add_integers(filters);
    return result;
}

void ConvNormActivation::discard_prepared() {
    folded_ = {};
    quantized_ = {};
    adapted_.clear();
    widened_.clear();
}

void ConvNormActivation::set_scales(float output, float float_input) {
    scales_ = {0.0f, 0.0f, output};
    float_input_ = float_input;
}

float ConvNormActivation::link_scales(float input, float residual) {
    if (norm_.activation() != Activation::relu && norm_.activation() != Activation::none)
        fail("8-bit inference: expected convolutions with ReLU, found {} behind {}",
             name_of(norm_.activation()), conv_name_);
    scales_.input = input == 0.0f ? float_input_ : input;
    scales_.residual = residual;
    if (!(scales_.input > 0.0f && scales_.output > 0.0f))
        fail("8-bit inference: expected the scales of every convolution, found none of {}", conv_name_);
    return scales_.output;
}

const QuantizedFilters& ConvNormActivation::filters_for(const Tensor& x) {
    if (conv_.geometry().groups != 1 || x.dim(3) <= quantized_.weight.dim(3)) return quantized_;
    if (const auto found = widened_.find(x.dim(3)); found != widened_.end()) return found->second;
    const Recording::Pause constant;
    QuantizedFilters made = quantized_;
    made.weight = with_zero_channels(made.weight, x.dim(3)).value();
    made.weight.buffer()->freeze();
    return widened_.emplace(x.dim(3), std::move(made)).first->second;
}

Tensor ConvNormActivation::forward_quantized(const Tensor& x, const Tensor& residual) {
    const Tensor levels =
        is_floating(x.dtype()) ? quantize(cast(x, DType::f32).value(), scales_.input, DType::i8) : x;
    return quantized_conv2d(levels, filters_for(x), residual, conv_.geometry(), norm_.activation());
}

}  // namespace unmask
