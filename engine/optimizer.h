// SPDX-License-Identifier: Apache-2.0
// Optimizers over flat buffers: one pass over all parameters (see FlatParameters).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// All parameters of a model in one value buffer and one gradient buffer, each parameter a 64-byte aligned
// part of them. The variables given to it are rebound to these parts and their gradients pinned there.
class FlatParameters {
  public:
    struct Entry {
        std::string name;
        Variable variable;
    };
    // Error when the parameters differ in dtype or device.
    explicit FlatParameters(std::vector<Entry> entries);

    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] const Tensor& values() const { return values_; }        // [total], padding included
    [[nodiscard]] const Tensor& gradients() const { return gradients_; }  // [total]
    [[nodiscard]] int64_t count() const { return count_; }                // parameters, without padding
    void clear_gradients();

  private:
    std::vector<Entry> entries_;
    Tensor values_, gradients_;
    int64_t count_ = 0;
};

struct AdamParams {
    double learning_rate = 1e-3;
    double beta1 = 0.9, beta2 = 0.999;
    double eps = 1e-8;
    double weight_decay = 0.0;  // L2: added to the gradient, as torch.optim.Adam does
};

struct SgdParams {
    double learning_rate = 1e-2;
    double momentum = 0.0;
    bool nesterov = false;
    double weight_decay = 0.0;
};

// Kernel slots. `step` counts from 1 (bias correction of Kingma & Ba, 2015, algorithm 1, in PyTorch's form).
inline constinit Kernel<void(const Tensor& gradient, Tensor& value, Tensor& first_moment,
                             Tensor& second_moment, const AdamParams& params, int64_t step)>
    adam_step{"adam_step"};
inline constinit Kernel<void(const Tensor& gradient, Tensor& value, Tensor& velocity, const SgdParams& params,
                             int64_t step)>
    sgd_step{"sgd_step"};

class Optimizer {
  public:
    virtual ~Optimizer() = default;
    // One update of every parameter from the gradients; does not clear them.
    virtual void step() = 0;
    virtual void set_learning_rate(double learning_rate) = 0;
    [[nodiscard]] virtual double learning_rate() const = 0;
    // What a checkpoint must hold to go on: named tensors that share the optimizer's memory, and the step
    // counter.
    [[nodiscard]] virtual std::map<std::string, Tensor> state() const = 0;
    [[nodiscard]] virtual int64_t steps_taken() const = 0;
    virtual void set_steps_taken(int64_t steps) = 0;
};

// The parameters must outlive the optimizer.
[[nodiscard]] std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const AdamParams& params = {});
[[nodiscard]] std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const SgdParams& params = {});

}  // namespace unmask
