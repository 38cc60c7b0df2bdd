// SPDX-License-Identifier: Apache-2.0
// Automatic differentiation, apart from the tensor: a Variable holds a tensor, its gradient and the node that
// made it. backward() is one walk in reverse topological order that frees each node's saved tensors as it
// passes.
#pragma once

#include <functional>
#include <initializer_list>
#include <iterator>
#include <memory>
#include <utility>
#include <vector>

#include "engine/inference_only.h"
#include "engine/tensor.h"

namespace unmask {

class GradientSink;

namespace detail {

struct Node;

// What the graph needs of a variable: not its value, so that values nobody saved are freed at once.
struct GradientSlot {
    Tensor gradient;
    std::shared_ptr<Node> node;  // null for a leaf
    bool requires_grad = false;
    bool pinned = false;  // the gradient's memory is a part of a flat buffer and is accumulated in place
    GradientSink* sink = nullptr;  // takes the gradient, if any
    size_t sink_index = 0;
};

// What all copies of a variable share.
struct VariableBody {
    Tensor value;
    Tensor copy;                         // the value in a lower precision, kept up to date by the optimizer
    std::shared_ptr<GradientSlot> slot;  // null for constants
};

}  // namespace detail

// Which of an op's inputs want a gradient, and what they have already.
class WantedGradients {
  public:
    // `wanted`: for each input; `present`: what present() gives, of as many.
    WantedGradients(std::vector<bool> wanted, std::vector<Tensor*> present)
        : wanted_(std::move(wanted)), present_(std::move(present)) {}
    [[nodiscard]] bool operator[](size_t i) const { return wanted_[i]; }
    [[nodiscard]] size_t size() const { return wanted_.size(); }
    // Over what operator[] gives.
    [[nodiscard]] auto begin() const { return wanted_.begin(); }
    [[nodiscard]] auto end() const { return wanted_.end(); }
    // What other ops gave input i, of its shape and dtype, for this one to add its part in place during the
    // call: then its entry stays undefined. Null: there is nothing, or others hold it (recorded work of the
    // CPU holds all), and the op leaves a gradient of its own.
    [[nodiscard]] Tensor* present(size_t i) const { return present_[i]; }

  private:
    std::vector<bool> wanted_;
    std::vector<Tensor*> present_;
};

// From the gradient of the op's result to the gradients of its inputs; the entries of those that want none
// may stay undefined.
using BackwardFunction =
    std::function<std::vector<Tensor>(const Tensor& gradient, const WantedGradients& needed)>;

// The same for an op with several results: `gradients[i]` is undefined where nothing came back for result i,
// but not all are.
using JointBackwardFunction =
    std::function<std::vector<Tensor>(const std::vector<Tensor>& gradients, const WantedGradients& needed)>;

class Variable;

namespace detail {

// What the functions of these names below do where there is more than inference.
[[nodiscard]] Variable record(const char* op, Tensor value, const std::vector<Variable>& inputs,
                              BackwardFunction backward);
[[nodiscard]] std::vector<Variable> record_several(const char* op, std::vector<Tensor> values,
                                                   const std::vector<Variable>& inputs,
                                                   JointBackwardFunction backward, bool always);
[[nodiscard]] bool grad_enabled();
[[nodiscard]] bool will_record(std::initializer_list<const Variable*> inputs);

}  // namespace detail

// Copies of a variable are the same variable.
class Variable {
  public:
    Variable() = default;  // undefined
    // A leaf. A constant when requires_grad is false. Implicit, so that tensors serve as constant operands.
    Variable(Tensor value, bool requires_grad = false);

    [[nodiscard]] bool defined() const { return value().defined(); }
    explicit operator bool() const { return defined(); }

    [[nodiscard]] const Tensor& value() const;  // an undefined tensor for an undefined variable
    [[nodiscard]] const Shape& shape() const { return value().shape(); }
    [[nodiscard]] int64_t dim(int i) const { return value().dim(i); }
    [[nodiscard]] DType dtype() const { return value().dtype(); }
    [[nodiscard]] Device device() const { return value().device(); }

    [[nodiscard]] bool requires_grad() const;
    // Only for leaves: whether backward shall fill the gradient (frozen layers switch it off).
    void set_requires_grad(bool requires_grad);
    // The gradient after backward(); undefined before, and for what is neither a leaf nor requires one.
    [[nodiscard]] const Tensor& gradient() const;
    void clear_gradient();
    // Accumulates in this memory (same shape and dtype) instead of allocating, and instead of a sink; see
    // FlatParameters.
    void pin_gradient(Tensor memory);
    // Hands the gradient to the sink when it is complete, and keeps none; instead of pinned memory. The sink
    // must live as long, or until release_gradient().
    void sink_gradient(GradientSink& sink, size_t index);
    [[nodiscard]] const GradientSink* gradient_sink() const;  // null without one
    // Ends either: from here on backward leaves the gradient here.
    void release_gradient();
    // Then backward may bring bf16 gradients for f32 memory.
    [[nodiscard]] bool has_pinned_gradient() const;
    // Replaces a leaf's value, for every handle of it: another tensor of the same shape. There is no copy()
    // then.
    void set_value(Tensor value);

    // The value in a lower precision, where the optimizer keeps one beside it (see
    // FlatParameters::keep_copies); undefined otherwise.
    [[nodiscard]] const Tensor& copy() const;
    void set_copy(Tensor copy);  // of the value's shape, or undefined

    // The same value, cut off from the graph (stop-gradient).
    [[nodiscard]] Variable detach() const { return Variable(value()); }

    // Differentiates this single-element variable with respect to every leaf that requires it. Error when it
    // has more than one element or does not require a gradient. A graph can be walked once.
    void backward() const;
    // The same, starting from the given gradient of this variable (any shape).
    void backward(const Tensor& gradient) const;

  private:
    friend std::vector<Variable> detail::record_several(const char*, std::vector<Tensor>,
                                                        const std::vector<Variable>&, JointBackwardFunction,
                                                        bool);
    std::shared_ptr<detail::VariableBody> body_;
};

// Whether ops record themselves on this thread; never where there is inference only.
[[nodiscard]] inline bool grad_enabled() {
    return !inference_only && detail::grad_enabled();
}
// Whether an op on these inputs would be recorded: ops save for backward only when it holds.
[[nodiscard]] inline bool will_record(std::initializer_list<const Variable*> inputs) {
    return !inference_only && detail::will_record(inputs);
}

// The result of an op: attaches the backward function when gradients are on and an input requires one.
template <class Backward>
[[nodiscard]] Variable record(const char* op, Tensor value, const std::vector<Variable>& inputs,
                              Backward backward) {
    if constexpr (!inference_only)
        return detail::record(op, std::move(value), inputs, BackwardFunction(std::move(backward)));
    else
        return Variable(std::move(value));
}
// `always`: also when no input requires a gradient, since the op knows of others that do.
template <class Backward>
[[nodiscard]] std::vector<Variable> record_several(const char* op, std::vector<Tensor> values,
                                                   const std::vector<Variable>& inputs, Backward backward,
                                                   bool always = false) {
    if constexpr (!inference_only)
        return detail::record_several(op, std::move(values), inputs,
                                      JointBackwardFunction(std::move(backward)), always);
    else
        return {std::make_move_iterator(values.begin()), std::make_move_iterator(values.end())};
}

// No op is recorded on this thread while it lives.
class NoGrad {
  public:
    NoGrad();
    NoGrad(const NoGrad&) = delete;
    NoGrad& operator=(const NoGrad&) = delete;
    ~NoGrad();

  private:
    bool before_;
};

}  // namespace unmask
