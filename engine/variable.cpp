// SPDX-License-Identifier: Apache-2.0
#include "engine/variable.h"

#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/gradient_listener.h"
#include "engine/ops/accumulate.h"
#include "engine/ops/elementwise.h"

namespace unmask {

namespace detail {

struct Node {
    const char* op;
    int chain = -1;  // see engine/chains.h
    std::vector<std::shared_ptr<GradientSlot>> inputs;
    BackwardFunction backward;

    // Long graphs would otherwise be destroyed by recursion, one stack frame a node.
    ~Node() {
        std::vector<std::shared_ptr<Node>> pending;
        const auto take = [&pending](std::vector<std::shared_ptr<GradientSlot>>& slots) {
            for (auto& slot : slots)
                if (slot != nullptr && slot.use_count() == 1 && slot->node != nullptr)
                    pending.push_back(std::move(slot->node));
            slots.clear();
        };
        take(inputs);
        while (!pending.empty()) {
            const std::shared_ptr<Node> node = std::move(pending.back());
            pending.pop_back();
            if (node.use_count() == 1) take(node->inputs);
        }
    }
};

}  // namespace detail

namespace {

using detail::GradientSlot;
using detail::Node;

thread_local bool gradients_on = true;

void accumulate(GradientSlot& slot, Tensor gradient) {
    if (!slot.gradient.defined()) {
        slot.gradient = std::move(gradient);
    } else if (slot.pinned || slot.gradient.buffer().use_count() == 1) {
        binary_forward(slot.gradient, gradient, slot.gradient, BinaryOp::add);
    } else {
        Tensor sum = Tensor::empty_like(slot.gradient);
        binary_forward(slot.gradient, gradient, sum, BinaryOp::add);
        slot.gradient = std::move(sum);
    }
}

// Gradients on their way to pinned memory: they are added together, since a GPU pays for every pass. A
// listener hears of each that is complete.
class PinnedGradients {
  public:
    explicit PinnedGradients(const std::vector<std::shared_ptr<GradientSlot>>& order)
        : listener_(ListenToGradients::current()),
          most_bytes_(listener_ != nullptr ? listener_->portion_bytes() : size_t{64} << 20) {
        if (listener_ == nullptr) return;
        for (const auto& slot : order)
            for (const auto& input : slot->node->inputs)
                if (input != nullptr && input->pinned && input->requires_grad) ++awaited_[input.get()];
    }
    void add(GradientSlot& slot, Tensor gradient) {
        for (const Accumulation& part : parts_)
            if (part.target.raw() == slot.gradient.raw()) {
                flush();
                break;
            }
        bytes_ += gradient.bytes();
        parts_.push_back({std::move(gradient), slot.gradient});
    }
    // The op that feeds on these inputs has been walked.
    void passed(const std::vector<std::shared_ptr<GradientSlot>>& inputs) {
        if (listener_ != nullptr)
            for (const auto& input : inputs)
                if (const auto found = awaited_.find(input.get());
                    found != awaited_.end() && --found->second == 0)
                    complete_.push_back(input->gradient);
        if (bytes_ >= most_bytes_) flush();
    }
    void flush() {
        if (!parts_.empty()) accumulate_gradients(parts_.front().target, parts_);
        parts_.clear();
        bytes_ = 0;
        for (const Tensor& gradient : std::exchange(complete_, {})) listener_->complete(gradient);
    }

  private:
    GradientListener* listener_;
    size_t most_bytes_;  // held back at most
    std::vector<Accumulation> parts_;
    size_t bytes_ = 0;
    std::unordered_map<const GradientSlot*, int> awaited_;  // ops that will still feed the slot
    std::vector<Tensor> complete_;                          // once the parts are added
};

// Runs nodes in the chains that they were recorded in, and joins the chains for what was recorded outside.
class ChainWalk {
  public:
    ChainWalk(Device device, const std::vector<std::shared_ptr<GradientSlot>>& order) : device_(device) {
        for (const auto& slot : order) count_ = std::max(count_, slot->node->chain + 1);
    }
    // Gradients are added in the chain that they come from.
    void enter(int chain, PinnedGradients& pinned) {
        if (chain != chain_) pinned.flush();
        chain_ = chain;
        if (chain < 0) return chains_.reset();
        if (!chains_) chains_.emplace(device_, count_);
        chains_->use(chain);
    }

  private:
    Device device_;
    int count_ = 0, chain_ = -1;
    std::optional<Chains> chains_;
};

// Every slot with a node that is reachable from root, each after all slots that it feeds on.
std::vector<std::shared_ptr<GradientSlot>> topological_order(const std::shared_ptr<GradientSlot>& root) {
    struct Frame {
        std::shared_ptr<GradientSlot> slot;
        size_t next_input = 0;
    };
    std::vector<std::shared_ptr<GradientSlot>> order;
    std::unordered_set<const GradientSlot*> seen{root.get()};
    std::vector<Frame> stack;
    stack.push_back({root});
    while (!stack.empty()) {
        Frame& frame = stack.back();
        const auto& inputs = frame.slot->node->inputs;
        if (frame.next_input == inputs.size()) {
            order.push_back(std::move(frame.slot));
            stack.pop_back();
            continue;
        }
        const auto& input = inputs[frame.next_input++];
        if (input != nullptr && input->requires_grad && input->node != nullptr &&
            seen.insert(input.get()).second)
            stack.push_back({input});
    }
    return order;
}

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
}

bool Variable::has_pinned_gradient() const {
    return body_ != nullptr && body_->slot != nullptr && body_->slot->pinned;
}

void Variable::set_value(Tensor value) {
    UNMASK_ASSERT(value.shape() == shape() && (body_->slot == nullptr || body_->slot->node == nullptr));
    body_->value = std::move(value);
}

const Tensor& Variable::copy() const {
    static const Tensor none;
    return body_ == nullptr ? none : body_->copy;
}

void Variable::set_copy(Tensor copy) {
    UNMASK_ASSERT(defined() && copy.shape() == shape());
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
    const std::shared_ptr<GradientSlot>& root = body_->slot;
    if (root->node == nullptr) {
        accumulate(*root, gradient);
        return;
    }
    auto order = topological_order(root);
    root->gradient = gradient;
    ChainWalk walk(gradient.device(), order);
    PinnedGradients pinned(order);
    while (!order.empty()) {
        const std::shared_ptr<GradientSlot> slot = std::move(order.back());
        order.pop_back();
        const std::shared_ptr<Node> node = slot->node;
        const Tensor incoming = std::exchange(slot->gradient, Tensor());
        if (!node->backward)
            fail("backward: the graph of {} was already walked; run the forward pass again", node->op);
        const BackwardFunction function = std::exchange(node->backward, nullptr);
        if (!incoming.defined()) {
            pinned.passed(node->inputs);
            continue;
        }
        std::vector<bool> needed;
        for (const auto& input : node->inputs) needed.push_back(input != nullptr && input->requires_grad);
        walk.enter(node->chain, pinned);
        std::vector<Tensor> gradients = function(incoming, needed);
        UNMASK_ASSERT(gradients.size() == node->inputs.size());
        for (size_t i = 0; i < gradients.size(); ++i)
            if (needed[i] && gradients[i].defined()) {
                GradientSlot& input = *node->inputs[i];
                if (input.pinned)
                    pinned.add(input, std::move(gradients[i]));
                else
                    accumulate(input, std::move(gradients[i]));
            }
        pinned.passed(node->inputs);
    }
    pinned.flush();
}

Variable record(const char* op, Tensor value, std::vector<Variable> inputs, BackwardFunction backward) {
    Variable result(std::move(value));
    if (!gradients_on) return result;
    bool any = false;
    for (const Variable& input : inputs) any = any || input.requires_grad();
    if (!any) return result;
    auto node = std::make_shared<Node>();
    node->op = op;
    node->chain = current_chain();
    for (const Variable& input : inputs)
        node->inputs.push_back(input.body_ == nullptr ? nullptr : input.body_->slot);
    node->backward = std::move(backward);
    result.body_->slot = std::make_shared<GradientSlot>();
    result.body_->slot->node = std::move(node);
    result.body_->slot->requires_grad = true;
    return result;
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

NoGrad::NoGrad() : before_(gradients_on) {
    gradients_on = false;
}
NoGrad::~NoGrad() {
    gradients_on = before_;
}

}  // namespace unmask
