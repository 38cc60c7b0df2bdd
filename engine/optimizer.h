// SPDX-License-Identifier: Apache-2.0
// Optimizers over flat buffers: one pass over all parameters (see FlatParameters).
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "engine/gradient_sink.h"
#include "engine/kernel.h"
#include "engine/variable.h"

namespace unmask {

// All parameters of a model in one value buffer and one gradient buffer, each parameter a 64-byte aligned
// part of them. The variables given to it are rebound to these parts and their gradients pinned there, unless
// a sink takes these.
class FlatParameters {
  public:
    struct Entry {
        std::string name;
        Variable variable;
    };
    // Error when the parameters differ in dtype or device, or one is given twice. With a sink it is given
    // their gradients, by number of the entry, and none are kept.
    explicit FlatParameters(std::vector<Entry> entries, GradientSink* sink = nullptr);
    FlatParameters(const FlatParameters&) = delete;
    FlatParameters& operator=(const FlatParameters&) = delete;
    ~FlatParameters();  // the variables keep values and pinned gradients, and lose the sink and the copies

    [[nodiscard]] const std::vector<Entry>& entries() const { return entries_; }
    [[nodiscard]] const Tensor& values() const { return values_; }        // [total], padding included
    [[nodiscard]] const Tensor& gradients() const { return gradients_; }  // [total], undefined with a sink
    [[nodiscard]] int64_t count() const { return count_; }                // parameters, without padding
    void clear_gradients();  // with a sink: what a pass that was broken off left of them

    // Keeps a copy of all values in a lower precision, for forward passes in it: each variable's copy() is
    // its part. The optimizer's step writes it along; refresh_copies() does after the values changed
    // otherwise, by Module::load_state and initialize too, which leave the variables without.
    void keep_copies(DType dtype);
    void refresh_copies();
    [[nodiscard]] const Tensor& copies() const { return copies_; }  // [total], undefined when none are kept

  private:
    std::vector<Entry> entries_;
    Tensor values_, gradients_, copies_;
    int64_t count_ = 0;
    GradientSink* sink_;
};

struct AdamParams {
    double learning_rate = 1e-3;
    double beta1 = 0.9, beta2 = 0.999;
    double eps = 1e-8;
    double weight_decay = 0.0;  // L2: added to the gradient, as torch.optim.Adam does
};

// Stochastic gradient descent in torch.optim.SGD's form, without dampening: v = momentum · v + g (v = g in
// the first step), value -= learning_rate · v, or learning_rate · (g + momentum · v) with Nesterov's momentum
// (Sutskever et al., ICML 2013).
struct SgdParams {
    double learning_rate = 1e-2;
    double momentum = 0.0;  // 0: no velocity is kept
    bool nesterov = false;
    double weight_decay = 0.0;  // L2: added to the gradient
};

// What accompanies one update; all on the parameters' device, so that captured work follows it.
struct UpdateOperands {
    // What changes from step to step, [2], f64. Adam: learning rate / (1 - β1^t) and 1 / sqrt(1 - β2^t), t
    // counting from 1. SGD: the learning rate, and how much of the velocity is kept (0 in the first step).
    Tensor factors;
    Tensor copy;   // takes the new values, rounded to its dtype; may be undefined
    Tensor guard;  // [1], f32 or the values' dtype: neither values nor moments change when it is not a finite
                   // number; may be undefined
    bool clear_gradients = false;  // zeros the gradients after use, whatever the guard says
};

// Kernel slots (Adam: Kingma & Ba, 2015, algorithm 1, in PyTorch's form): one pass over flat buffers.
// learning_rate of the params is not looked at, the factors hold it.
inline constinit Kernel<void(const Tensor& gradient, Tensor& value, Tensor& first_moment,
                             Tensor& second_moment, const UpdateOperands& operands, const AdamParams& params)>
    adam_step{"adam_step"};
// velocity is undefined without momentum.
inline constinit Kernel<void(const Tensor& gradient, Tensor& value, Tensor& velocity,
                             const UpdateOperands& operands, const SgdParams& params)>
    sgd_step{"sgd_step"};

class Optimizer {
  public:
    virtual ~Optimizer() = default;
    // One update of every parameter from the gradients: prepare() and apply().
    void step() {
        prepare();
        apply();
    }
    // Counts the step, also one that the guard will refuse, and sends its factors to the device.
    virtual void prepare() = 0;
    // Enqueues the update; captured work repeats it with whatever prepare() sent last.
    virtual void apply() = 0;
    // The same for one entry of the parameters alone, from a gradient of its shape that is not cleared.
    virtual void apply(size_t entry, const Tensor& gradient) = 0;
    // Whether apply() zeros the gradients after use; off by default.
    virtual void set_clear_gradients(bool clear) = 0;
    // A number on the device ([1], f32) that must be finite for apply() to change values and moments;
    // undefined for none. The host does not wait for it: a refused step counts in steps_taken(), and so in
    // Adam's t.
    virtual void set_guard(Tensor guard) = 0;

    virtual void set_learning_rate(double learning_rate) = 0;
    [[nodiscard]] virtual double learning_rate() const = 0;
    // What a checkpoint must hold to go on: named tensors that share the optimizer's memory, and the step
    // counter.
    [[nodiscard]] virtual std::map<std::string, Tensor> state() const = 0;
    [[nodiscard]] virtual int64_t steps_taken() const = 0;
    virtual void set_steps_taken(int64_t steps) = 0;
};

// The parameters must outlive the optimizer. Error for a learning rate or weight decay that is not finite and
// at least 0, betas or a momentum outside [0, 1), an eps of Adam that is not positive, and Nesterov's
// momentum of 0.
[[nodiscard]] std::unique_ptr<Optimizer> make_adam(FlatParameters& parameters, const AdamParams& params = {});
[[nodiscard]] std::unique_ptr<Optimizer> make_sgd(FlatParameters& parameters, const SgdParams& params = {});

}  // namespace unmask
