// SPDX-License-Identifier: Apache-2.0
// Variable::backward(): the nodes behind a result in reverse topological order.
#include <algorithm>
#include <optional>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/gradient_listener.h"
#include "engine/graph_node.h"
#include "engine/kernel_observer.h"
#include "engine/ops/accumulate.h"
#include "engine/ops/elementwise.h"

namespace unmask::detail {

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

namespace {

// Gradients on their way to pinned memory: on a GPU they are added together, since it pays for every pass; on
// the CPU at once, while caches hold them and so that no second copy of all gradients waits. A listener hears
// of each that is complete.
class PinnedGradients {
  public:
    PinnedGradients(Device device, const std::vector<std::shared_ptr<Node>>& order)
        : listener_(ListenToGradients::current()),
          most_bytes_(listener_ != nullptr              ? listener_->portion_bytes()
                      : device.type == DeviceType::cuda ? size_t{64} << 20
                                                        : 0) {
        if (listener_ == nullptr) return;
        for (const auto& node : order)
            for (const auto& input : node->inputs)
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
    ChainWalk(Device device, const std::vector<std::shared_ptr<Node>>& order) : device_(device) {
        for (const auto& node : order) count_ = std::max(count_, node->chain + 1);
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

// Every node that is reachable from root, each after all nodes that it feeds on.
std::vector<std::shared_ptr<Node>> topological_order(const std::shared_ptr<Node>& root) {
    struct Frame {
        std::shared_ptr<Node> node;
        size_t next_input = 0;
    };
    std::vector<std::shared_ptr<Node>> order;
    std::unordered_set<const Node*> seen{root.get()};
    std::vector<Frame> stack;
    stack.push_back({root});
    while (!stack.empty()) {
        Frame& frame = stack.back();
        const auto& inputs = frame.node->inputs;
        if (frame.next_input == inputs.size()) {
            order.push_back(std::move(frame.node));
            stack.pop_back();
            continue;
        }
        const auto& input = inputs[frame.next_input++];
        if (input != nullptr && input->requires_grad && input->node != nullptr &&
            seen.insert(input->node.get()).second)
            stack.push_back({input->node});
    }
    return order;
}

// Takes the gradients of the node's results out of their slots; undefined where nothing came back.
std::vector<Tensor> incoming_gradients(const Node& node) {
    std::vector<Tensor> gradients;
    for (const auto& output : node.outputs) {
        const std::shared_ptr<GradientSlot> slot = output.lock();
        gradients.push_back(slot == nullptr ? Tensor() : std::exchange(slot->gradient, Tensor()));
    }
    return gradients;
}

void tell(KernelObserver& observer, const Node& node) {
    std::vector<Tensor> gradients;
    for (const auto& input : node.inputs)
        if (input != nullptr && input->pinned) gradients.push_back(input->gradient);
    observer.going_back(node.op, gradients);
}

}  // namespace

void walk_back(const std::shared_ptr<GradientSlot>& root, const Tensor& gradient) {
    // The nodes stay until the end, since they keep the slots of what they took; what they saved does not.
    const auto order = topological_order(root->node);
    root->gradient = gradient;
    ChainWalk walk(gradient.device(), order);
    PinnedGradients pinned(gradient.device(), order);
    KernelObserver* const observer = KernelObserver::current();
    for (auto place = order.rbegin(); place != order.rend(); ++place) {
        Node& node = **place;
        const std::vector<Tensor> incoming = incoming_gradients(node);
        if (!node.backward)
            fail("backward: the graph of {} was already walked; run the forward pass again", node.op);
        const JointBackwardFunction function = std::exchange(node.backward, nullptr);
        if (std::ranges::none_of(incoming, &Tensor::defined)) {
            pinned.passed(node.inputs);
            continue;
        }
        std::vector<bool> needed;
        for (const auto& input : node.inputs) needed.push_back(input != nullptr && input->requires_grad);
        walk.enter(node.chain, pinned);
        if (observer != nullptr) tell(*observer, node);
        std::vector<Tensor> gradients = function(incoming, needed);
        UNMASK_ASSERT(gradients.size() == node.inputs.size());
        for (size_t i = 0; i < gradients.size(); ++i)
            if (needed[i] && gradients[i].defined()) {
                GradientSlot& input = *node.inputs[i];
                if (input.pinned)
                    pinned.add(input, std::move(gradients[i]));
                else
                    accumulate(input, std::move(gradients[i]));
            }
        pinned.passed(node.inputs);
    }
    pinned.flush();
    if (observer != nullptr) observer->went_back();
}

}  // namespace unmask::detail
