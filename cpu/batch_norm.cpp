// SPDX-License-Identifier: Apache-2.0
// Batch norm. Forward: one pass for the statistics, one that normalises, adds the residual and activates.
// Backward: with g the gradient before the activation and x̂ the normalised input, one pass for Σg and Σg·x̂,
// one that writes
//     grad_x = weight / sqrt(σ² + eps) · (g - Σg / R - x̂ · Σg·x̂ / R)      (without the sums in inference).
// Several groups are gathered into one and scattered again; dropout is a pass of its own, and so is backward
// of pooling.
#include "engine/ops/batch_norm.h"

#include "cpu/batch_norm_gate.h"
#include "cpu/batch_norm_groups.h"
#include "cpu/batch_norm_pool.h"
#include "cpu/batch_norm_statistics.h"
#include "cpu/channel_sums.h"
#include "cpu/dispatch.h"
#include "cpu/parallel.h"
#include "cpu/vector_math.h"

namespace unmask {
namespace {

// Rows of channels, normalised and activated.
template <class T, class Function>
class Normaliser {
  public:
    Normaliser(const BatchNormGroup& state, Function function)
        : channels_(state.weight.numel()), norm_(state), function_(function) {}
    // `added`: null for none.
    void operator()(const T* from, const T* added, T* to, int64_t rows) const {
        const NormOfChannels<T> norm = norm_;
        const Function function = function_;
        for (int64_t row = 0; row < rows; ++row, from += channels_, to += channels_) {
            if (added == nullptr) {
#pragma omp simd
                for (int64_t c = 0; c < channels_; ++c) to[c] = function(norm(from[c], c));
            } else {
#pragma omp simd
                for (int64_t c = 0; c < channels_; ++c) to[c] = function(norm(from[c], c) + added[c]);
                added += channels_;
            }
        }
    }

  private:
    int64_t channels_;
    ChannelNorms<T> norm_;
    Function function_;
};

template <class T, class Function>
void normalise(BatchNormBranch& branch, const BatchNormGroup& state, const BatchNormParams& params,
               Function function) {
    const Normaliser<T, Function> normaliser(state, function);
    if (params.pool)
        return normalise_and_pool<T>(
            branch, *params.pool, params.activation == Activation::relu,
            [&](const T* from, T* to, int64_t rows) { normaliser(from, nullptr, to, rows); });
    const int64_t channels = branch.x.dim(-1);
    const T* added = branch.residual.defined() ? branch.residual.data<T>() : nullptr;
    parallel_rows(row_count(branch.x), channels, [&](int64_t begin, int64_t end) {
        const int64_t first = begin * channels;
        normaliser(branch.x.data<T>() + first, added == nullptr ? nullptr : added + first,
                   branch.y.data<T>() + first, end - begin);
    });
}

bool drops(const BatchNormParams& params) {
    return params.training && params.dropout.probability > 0.0;
}

void forward_branch(BatchNormBranch& branch, const BatchNormParams& params) {
    const Tensor& x = branch.x;
    if (x.numel() == 0) {
        if (branch.means.defined()) branch.means.fill_zero();
        return;
    }
    BatchNormGroup all = gathered(branch);
    dispatch_floating(batch_norm_forward.name(), x, [&](auto zero) {
        using T = decltype(zero);
        if (params.training)
            batch_statistics<T>(x, all, params);
        else
            running_statistics<T>(all, params);
        if (branch.means.defined()) return gate_means<T>(x, all, branch.means);
        dispatch_fused_activation(params.activation,
                                  [&](auto function) { normalise<T>(branch, all, params, function); });
    });
    scatter(all, branch);
    if (drops(params)) dropout_forward(branch.y, branch.y, params.dropout);
}

// In the place of SiLU: the gradient of y is put together from its parts where it is read.
struct GatedSilu {};

// The tensors that backward reads, and the gradient before the activation at one element.
template <class T, class Function>
struct Inputs {
    static constexpr bool is_gated = std::is_same_v<Function, GatedSilu>;
    const T *grad_y, *x, *residual, *y;
    const T *mean, *inverse, *weight, *bias;
    // Behind a gate: of one image, pixels of an image, 1 / pixels.
    const T *gate = nullptr, *grad_means = nullptr;
    int64_t pixels = 1;
    T share = T(1);

    Inputs(const Tensor& gradient, const Tensor& in, const Tensor& added, const Tensor& result,
           const BatchNormGroup& state)
        : grad_y(gradient.data<T>()),
          x(in.data<T>()),
          residual(added.defined() ? added.data<T>() : nullptr),
          y(result.defined() ? result.data<T>() : nullptr),
          mean(state.saved_mean.data<T>()),
          inverse(state.saved_inverse_deviation.data<T>()),
          weight(state.weight.data<T>()),
          bias(state.bias.data<T>()) {}

    // For the elements of a row.
    [[nodiscard]] Inputs at(int64_t row, int64_t channels) const {
        Inputs result = *this;
        if constexpr (is_gated) {
            const int64_t first = row / pixels * channels;
            result.gate += first;
            result.grad_means += first;
        }
        return result;
    }
    [[nodiscard]] T normalised(int64_t i, int64_t c) const { return (x[i] - mean[c]) * inverse[c]; }
    template <bool with_residual>
    [[nodiscard]] T gradient(int64_t i, int64_t c, T normalised) const {
        T g = grad_y[i];  // loaded in any case: a conditional load keeps the loop from being vectorised
        if constexpr (is_gated) g = g * gate[c] + grad_means[c] * share;
        if constexpr (std::is_same_v<Function, Relu>) {
            return y[i] > T(0) ? g : T(0);
        } else if constexpr (std::is_same_v<Function, Silu> || is_gated) {
            T before = normalised * weight[c] + bias[c];
            if constexpr (with_residual) before += residual[i];
            return g * silu_derivative(before);
        } else {
            return g;
        }
    }
};

// sums [2][C] = Σg, Σg·x̂.
template <bool with_residual, class T, class Function>
void gradient_sums(const Inputs<T, Function>& inputs, int64_t rows, int64_t channels, double* sums) {
    const ChannelParts parts(rows, channels);
    const Tensor scratch = Tensor::zeros({parts.parts(), 2, channels}, DType::f64);
    double* partials = scratch.data<double>();
    parts.run([&](int64_t first, int64_t count, int64_t channel, int64_t width, int64_t part) {
        double* totals = partials + part * 2 * channels + channel;
        std::array<T, ChannelParts::strip> plain, scaled;
        for (int64_t begin = 0; begin < count; begin += ChannelParts::block_rows) {
            std::fill_n(plain.data(), width, T(0));
            std::fill_n(scaled.data(), width, T(0));
            for (int64_t row = begin; row < std::min(count, begin + ChannelParts::block_rows); ++row) {
                const int64_t start = (first + row) * channels + channel;
                const auto here = inputs.at(first + row, channels);
#pragma omp simd
                for (int64_t c = 0; c < width; ++c) {
                    const T normalised = here.normalised(start + c, channel + c);
                    const T g = here.template gradient<with_residual>(start + c, channel + c, normalised);
                    plain[c] += g;
                    scaled[c] += g * normalised;
                }
            }
#pragma omp simd
            for (int64_t c = 0; c < width; ++c) {
                totals[c] += static_cast<double>(plain[c]);
                totals[channels + c] += static_cast<double>(scaled[c]);
            }
        }
    });
    std::fill_n(sums, 2 * channels, 0.0);
    for (int64_t part = 0; part < parts.parts(); ++part)
        for (int64_t i = 0; i < 2 * channels; ++i) sums[i] += partials[part * 2 * channels + i];
}

// grad_x = scale · (g - shift - x̂ · slope), grad_residual = g; either may be null.
template <bool with_residual, class T, class Function>
void apply_gradient(const Inputs<T, Function>& inputs, int64_t rows, int64_t channels, const T* scale,
                    const T* shift, const T* slope, T* grad_x, T* grad_residual) {
    parallel_rows(rows, channels, [&](int64_t begin, int64_t end) {
        const auto sweep = [&](auto write) {
            for (int64_t row = begin; row < end; ++row) {
                const int64_t start = row * channels;
                const auto here = inputs.at(row, channels);
#pragma omp simd
                for (int64_t c = 0; c < channels; ++c) {
                    const T normalised = here.normalised(start + c, c);
                    const T g = here.template gradient<with_residual>(start + c, c, normalised);
                    write(start + c, g, scale[c] * (g - shift[c] - normalised * slope[c]));
                }
            }
        };
        if (grad_x != nullptr && grad_residual != nullptr)
            sweep([=](int64_t i, T g, T value) { grad_x[i] = value, grad_residual[i] = g; });
        else if (grad_x != nullptr)
            sweep([=](int64_t i, T, T value) { grad_x[i] = value; });
        else
            sweep([=](int64_t i, T g, T) { grad_residual[i] = g; });
    });
}

struct GroupGradients {
    Tensor x, residual, weight, bias;
};

template <bool with_residual, class T, class Function>
void run_backward(const Inputs<T, Function>& inputs, const Tensor& x, GroupGradients& gradients,
                  const BatchNormParams& params) {
    const int64_t rows = row_count(x), channels = x.dim(-1);
    Tensor sum_memory = Tensor::zeros({2, channels}, DType::f64);
    double* sums = sum_memory.data<double>();
    if (params.training || gradients.weight.defined() || gradients.bias.defined())
        gradient_sums<with_residual>(inputs, rows, channels, sums);
    const Tensor factors = Tensor::empty({3, channels}, x.dtype());
    T* scale = factors.data<T>();
    for (int64_t c = 0; c < channels; ++c) {
        if (gradients.bias.defined()) gradients.bias.data<T>()[c] = static_cast<T>(sums[c]);
        if (gradients.weight.defined()) gradients.weight.data<T>()[c] = static_cast<T>(sums[channels + c]);
    }
    if (params.ranks() > 1) params.communicator->all_reduce(sum_memory);
    const double share = params.training ? 1.0 / static_cast<double>(rows * params.ranks()) : 0.0;
    for (int64_t c = 0; c < channels; ++c) {
        scale[c] = inputs.weight[c] * inputs.inverse[c];
        scale[channels + c] = static_cast<T>(sums[c] * share);
        scale[2 * channels + c] = static_cast<T>(sums[channels + c] * share);
    }
    if (!gradients.x.defined() && !gradients.residual.defined()) return;
    apply_gradient<with_residual>(inputs, rows, channels, scale, scale + channels, scale + 2 * channels,
                                  gradients.x.defined() ? gradients.x.data<T>() : nullptr,
                                  gradients.residual.defined() ? gradients.residual.data<T>() : nullptr);
}

void forward(const Tensor&, std::vector<BatchNormBranch>& branches, const BatchNormParams& params) {
    for (BatchNormBranch& branch : branches) forward_branch(branch, params);
}

void backward_branch(const BatchNormBranch& branch, BatchNormGradients& gradients,
                     const BatchNormParams& params) {
    const Tensor &x = branch.x, &residual = branch.residual, &grad_y = gradients.grad_y;
    if (x.numel() == 0) {  // sums over nothing
        for (auto& [weight, bias] : gradients.groups)
            for (Tensor* sum : {&weight, &bias})
                if (sum->defined()) sum->fill_zero();
        return;
    }
    const BatchNormGroup all = gathered(branch);
    const size_t count = branch.groups.size();
    GroupGradients wanted{gradients.x, gradients.residual, gradients.groups[0].weight,
                          gradients.groups[0].bias};
    if (count > 1) {
        wanted.weight = Tensor::empty_like(all.weight);
        wanted.bias = Tensor::empty_like(all.bias);
    }
    // What is not read from grad_y as it is goes to where the gradient of x will be, which is written element
    // by element once it was read.
    Tensor gradient = grad_y;
    const bool made = params.pool || drops(params);
    if (made) gradient = gradients.x.defined() ? gradients.x : Tensor::empty_like(x);
    if (drops(params)) dropout_forward(grad_y, gradient, params.dropout);
    Activation activation = params.activation;
    if (params.pool) {  // what relu did not let through was no maximum
        max_pool2d_backward.function(Backend::portable)(grad_y, branch.argmax, gradient, *params.pool);
        activation = Activation::none;
    }
    dispatch_floating(batch_norm_backward.name(), grad_y, [&](auto zero) {
        using T = decltype(zero);
        if (gradients.scale.defined()) {
            Inputs<T, GatedSilu> inputs(grad_y, x, residual, branch.y, all);
            const Tensor means = gradients.grad_means.defined()
                                     ? gradients.grad_means
                                     : Tensor::zeros(gradients.scale.shape(), x.dtype());
            inputs.gate = gradients.scale.data<T>();
            inputs.grad_means = means.data<T>();
            inputs.pixels = x.dim(1) * x.dim(2);
            inputs.share = T(1) / static_cast<T>(inputs.pixels);
            return run_backward<false>(inputs, x, wanted, params);
        }
        dispatch_fused_activation(activation, [&](auto function) {
            const Inputs<T, decltype(function)> inputs(gradient, x, residual, branch.y, all);
            if (residual.defined())
                run_backward<true>(inputs, x, wanted, params);
            else
                run_backward<false>(inputs, x, wanted, params);
        });
    });
    for (size_t i = 0; count > 1 && i < count; ++i) {
        auto& [weight, bias] = gradients.groups[i];
        if (weight.defined()) weight.copy_from(part_of(wanted.weight, i, count));
        if (bias.defined()) bias.copy_from(part_of(wanted.bias, i, count));
    }
}

void backward(const Tensor&, const std::vector<BatchNormBranch>& branches,
              std::vector<BatchNormGradients>& gradients, const BatchNormParams& params) {
    for (size_t i = 0; i < branches.size(); ++i) backward_branch(branches[i], gradients[i], params);
}

const KernelEntry forward_entry{batch_norm_forward, Backend::portable, &forward};
const KernelEntry backward_entry{batch_norm_backward, Backend::portable, &backward};

}  // namespace
}  // namespace unmask
