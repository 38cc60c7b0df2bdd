// SPDX-License-Identifier: Apache-2.0
#include "engine/variable.h"

#include <utility>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/graph_node.h"

namespace unmask {

namespace {

using detail::GradientSlot;
using detail::Node;

thread_local bool gradients_on = true;

}  // namespace

Variable::Variable(Tensor value, bool requires_grad) {
    if (!value.defined()) return;
    body_ = std::make_shared<detail::VariableBody>();
    body_->value = std::move(value);
    if (requires_grad) set_requires_grad(true);
}

const Tensor& Variable::value() const {
    static const Tensor undefined;
    return body_ == nullptr ? undefined : body_->value;
}

bool Variable::requires_grad() const {
    return body_ != nullptr && body_->slot != nullptr && body_->slot->requires_grad;
}

void Variable::set_requires_grad(bool requires_grad) {
    UNMASK_ASSERT(defined());
    if (body_->slot == nullptr) body_->slot = std::make_shared<GradientSlot>();
    UNMASK_ASSERT(body_->slot->node == nullptr);
    body_->slot->requires_grad = requires_grad;
}

const Tensor& Variable::gradient() const {
    static const Tensor none;
    return body_ == nullptr || body_->slot == nullptr ? none : body_->slot->gradient;
}

void Variable::clear_gradient() {
    if (body_ == nullptr || body_->slot == nullptr) return;
    if (body_->slot->pinned)
        body_->slot->gradient.fill_zero();
    else
        body_->slot->gradient = Tensor();
}

void Variable::pin_gradient(Tensor memory) {
    UNMASK_ASSERT(body_ != nullptr && body_->slot != nullptr);
    UNMASK_ASSERT(memory.shape() == shape() && memory.dtype() == dtype());
    body_->slot->gradient = std::move(memory);
    body_->slot->pinned = true;
    body_->slot->sink = nullptr;
}

void Variable::sink_gradient(GradientSink& sink, size_t index) {
    release_gradient();
    body_->slot->sink = &sink;
    body_->slot->sink_index = index;
}

const GradientSink* Variable::gradient_sink() const {
    return body_ == nullptr || body_->slot == nullptr ? nullptr : body_->slot->sink;
}

void Variable::release_gradient() {
    UNMASK_ASSERT(body_ != nullptr && body_->slot != nullptr);
    body_->slot->gradient = Tensor();
    body_->slot->pinned = false;
    body_->slot->sink = nullptr;
}

bool Variable::has_pinned_gradient() const {
    return body_ != nullptr && body_->slot != nullptr && body_->slot->pinned;
}

void Variable::set_value(Tensor value) {
    UNMASK_ASSERT(value.shape() == shape() && (body_->slot == nullptr || body_->slot->node == nullptr));
    body_->value = std::move(value);
    body_->copy = Tensor();
}

const Tensor& Variable::copy() const {
    static const Tensor none;
    return body_ == nullptr ? none : body_->copy;
}

void Variable::set_copy(Tensor copy) {
    UNMASK_ASSERT(defined() && (!copy.defined() || copy.shape() == shape()));
    body_->copy = std::move(copy);
}

void Variable::backward() const {
    if (value().numel() != 1) fail("backward: expected a single element, found shape {}", shape().str());
    backward(Tensor::full(shape(), 1.0, dtype(), device()));
}

void Variable::backward(const Tensor& gradient) const {
    if (!requires_grad())
        fail("backward: this variable does not depend on anything that requires a gradient");
    if (gradient.shape() != shape())
        fail("backward: expected a gradient of shape {}, found {}", shape().str(), gradient.shape().str());
    if (body_->slot->node == nullptr)
        accumulate(*body_->slot, gradient);
    else
        walk_back(body_->slot, gradient);
}

namespace detail {

std::vector<Variable> record_several(const char* op, std::vector<Tensor> values,
                                     const std::vector<Variable>& inputs, JointBackwardFunction backward,
                                     bool always) {
    std::vector<Variable> results;
    for (Tensor& value : values) results.emplace_back(std::move(value));
    if (!gradients_on) return results;
    bool any = always;
    for (const Variable& input : inputs) any = any || input.requires_grad();
    if (!any) return results;
    const auto node = std::make_shared<Node>();
    node->op = op;
    node->chain = current_chain();
    for (const Variable& input : inputs)
        node->inputs.push_back(input.body_ == nullptr ? nullptr : input.body_->slot);
    node->backward = std::move(backward);
    for (Variable& result : results) {
        const auto slot = std::make_shared<GradientSlot>();
        slot->node = node;
        slot->requires_grad = true;
        node->outputs.push_back(slot);
        result.body_->slot = slot;
    }
    return results;
}

Variable record(const char* op, Tensor value, const std::vector<Variable>& inputs,
                BackwardFunction backward) {
    return detail::record_several(
               op, {std::move(value)}, inputs,
               [backward = std::move(backward)](const std::vector<Tensor>& gradients,
                                                const WantedGradients& needed) {
                   return backward(gradients.front(), needed);
               },
               false)
        .front();
}

bool grad_enabled() {
    return gradients_on;
}

bool will_record(std::initializer_list<const Variable*> inputs) {
    if (!gradients_on) return false;
    for (const Variable* input : inputs)
        if (input != nullptr && input->requires_grad()) return true;
    return false;
}

}  // namespace detail

NoGrad::NoGrad() : before_(gradients_on) {
    gradients_on = false;
}
NoGrad::~NoGrad() {
    gradients_on = before_;
}

}  // namespace unmask
