// SPDX-License-Identifier: Apache-2.0
// Variable::backward(): the nodes behind a result, each after all that feed on it.
#include <algorithm>
#include <map>
#include <optional>
#include <set>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "engine/chains.h"
#include "engine/error.h"
#include "engine/gradient_listener.h"
#include "engine/gradient_sink.h"
#include "engine/graph_node.h"
#include "engine/kernel_observer.h"
#include "engine/ops/accumulate.h"
#include "engine/ops/elementwise.h"

namespace unmask::detail {

namespace {

// Whether nobody else holds the gradient, or everybody is to see it change.
bool may_change(const GradientSlot& slot) {
    return slot.pinned || slot.gradient.buffer().use_count() == 1;
}

}  // namespace

void accumulate(GradientSlot& slot, Tensor gradient) {
    if (!slot.gradient.defined()) {
        slot.gradient = std::move(gradient);
    } else if (may_change(slot)) {
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
// of each that is complete. Those for sinks are added up and handed over.
class ParameterGradients {
  public:
    ParameterGradients(Device device, const std::vector<std::shared_ptr<Node>>& order)
        : listener_(ListenToGradients::current()),
          most_bytes_(listener_ != nullptr              ? listener_->portion_bytes()
                      : device.type == DeviceType::cuda ? size_t{64} << 20
                                                        : 0) {
        for (const auto& node : order)
            for (const auto& input : node->inputs)
                if (input != nullptr && input->requires_grad &&
                    (input->sink != nullptr || (input->pinned && listener_ != nullptr)))
                    ++awaited_[input.get()];
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
        for (const auto& input : inputs) {
            const auto found = awaited_.find(input.get());
            if (found == awaited_.end() || --found->second > 0) continue;
            if (input->sink == nullptr)
                complete_.push_back(input->gradient);
            else if (const Tensor gradient = std::exchange(input->gradient, Tensor()); gradient.defined())
                input->sink->take(input->sink_index, gradient);
        }
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

// Runs nodes in the chains that they were recorded in, and joins the chains for what was recorded outside. A
// walk within a node of a chain (engine/recompute.h) is all in that chain.
class ChainWalk {
  public:
    ChainWalk(Device device, const std::vector<std::shared_ptr<Node>>& order)
        : device_(device), within_(current_chain() >= 0) {
        for (const auto& node : order) count_ = std::max(count_, node->chain + 1);
    }
    // Whether what the slot holds is there for the chain at hand.
    [[nodiscard]] bool reaches(const GradientSlot& slot) const {
        if (within_ || chain_ < 0) return true;
        const auto fed = fed_.find(&slot);
        return fed == fed_.end() || fed->second == chain_;
    }
    // A slot that another chain has fed is fed outside of all.
    void feed(const GradientSlot& slot, ParameterGradients& parameters) {
        if (within_ || chain_ < 0) return;
        const auto [fed, first] = fed_.try_emplace(&slot, chain_);
        if (!first && fed->second != chain_) enter(-1, parameters);
    }
    // Gradients are added in the chain that they come from.
    void enter(int chain, ParameterGradients& parameters) {
        if (within_) return;
        if (chain != chain_) parameters.flush();
        chain_ = chain;
        if (chain < 0) {
            fed_.clear();
            return chains_.reset();
        }
        if (!chains_) chains_.emplace(device_, count_);
        chains_->use(chain);
    }

  private:
    Device device_;
    bool within_;
    int count_ = 0, chain_ = -1;
    std::optional<Chains> chains_;
    std::unordered_map<const GradientSlot*, int> fed_;  // by which chain since the fork
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

// The order of backward: reverse topological, and each chain in one piece, so that chains run beside each
// other from one fork to its join. Of the nodes that may be next, the first one outside of chains goes first,
// then the first of the chain at hand. Without chains that is the topological order, reversed.
std::vector<std::shared_ptr<Node>> backward_order(const std::shared_ptr<Node>& root) {
    std::vector<std::shared_ptr<Node>> order = topological_order(root);
    std::ranges::reverse(order);
    if (std::ranges::all_of(order, [](const auto& node) { return node->chain < 0; })) return order;
    std::unordered_map<const Node*, size_t> places;
    for (size_t i = 0; i < order.size(); ++i) places[order[i].get()] = i;
    const auto makers = [&places](const Node& node) {  // of what it feeds on, once for each input
        std::vector<size_t> result;
        for (const auto& input : node.inputs)
            if (input != nullptr && input->requires_grad && input->node != nullptr)
                result.push_back(places.at(input->node.get()));
        return result;
    };
    std::vector<size_t> waits(order.size());  // for so many of the nodes that feed on it
    for (const auto& node : order)
        for (const size_t maker : makers(*node)) ++waits[maker];
    std::map<int, std::set<size_t>> ready{{order[0]->chain, {0}}};  // by chain
    std::vector<std::shared_ptr<Node>> result;
    int chain = order[0]->chain;
    while (!ready.empty()) {
        auto from = ready.begin();  // outside of chains, if any
        if (const auto at_hand = ready.find(chain); from->first >= 0 && at_hand != ready.end())
            from = at_hand;
        chain = from->first;
        const size_t place = from->second.extract(from->second.begin()).value();
        if (from->second.empty()) ready.erase(from);
        for (const size_t maker : makers(*order[place]))
            if (--waits[maker] == 0) ready[order[maker]->chain].insert(maker);
        result.push_back(std::move(order[place]));
    }
    return result;
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

WantedGradients wanted_gradients(const Node& node, const ChainWalk& walk) {
    std::vector<bool> wanted;
    std::vector<Tensor*> present;
    for (const auto& input : node.inputs) {
        wanted.push_back(input != nullptr && input->requires_grad);
        const bool adds = wanted.back() && !input->pinned && input->gradient.defined() &&
                          may_change(*input) && walk.reaches(*input);
        present.push_back(adds ? &input->gradient : nullptr);
    }
    return {std::move(wanted), std::move(present)};
}

// Walks of this thread, one within a node of another.
thread_local int walks = 0;
class WalkCount {
  public:
    WalkCount() { ++walks; }
    WalkCount(const WalkCount&) = delete;
    WalkCount& operator=(const WalkCount&) = delete;
    ~WalkCount() { --walks; }
};

void tell(KernelObserver& observer, const Node& node) {
    std::vector<Tensor> gradients;
    for (const auto& input : node.inputs)
        if (input != nullptr && input->pinned) gradients.push_back(input->gradient);
    observer.going_back(node.op, gradients);
}

}  // namespace

void walk_back(const std::shared_ptr<GradientSlot>& root, const Tensor& gradient) {
    const WalkCount counted;
    // The nodes stay until the end, since they keep the slots of what they took; what they saved does not.
    const auto order = backward_order(root->node);
    root->gradient = gradient;
    ChainWalk walk(gradient.device(), order);
    ParameterGradients parameters(gradient.device(), order);
    KernelObserver* const observer = KernelObserver::current();
    for (const auto& place : order) {
        Node& node = *place;
        const std::vector<Tensor> incoming = incoming_gradients(node);
        if (!node.backward)
            fail("backward: the graph of {} was already walked; run the forward pass again", node.op);
        const JointBackwardFunction function = std::exchange(node.backward, nullptr);
        walk.enter(node.chain, parameters);
        if (std::ranges::none_of(incoming, &Tensor::defined)) {
            parameters.passed(node.inputs);
            continue;
        }
        const WantedGradients needed = wanted_gradients(node, walk);
        if (observer != nullptr) tell(*observer, node);
        std::vector<Tensor> gradients = function(incoming, needed);
        UNMASK_ASSERT(gradients.size() == node.inputs.size());
        for (size_t i = 0; i < gradients.size(); ++i) {
            const bool added = needed.present(i) != nullptr && !gradients[i].defined();
            if (!needed[i] || (!added && !gradients[i].defined())) continue;
            GradientSlot& input = *node.inputs[i];
            walk.feed(input, parameters);
            if (added) continue;
            if (input.pinned)
                parameters.add(input, std::move(gradients[i]));
            else
                accumulate(input, std::move(gradients[i]));
        }
        parameters.passed(node.inputs);
    }
    parameters.flush();
    if (observer != nullptr && walks == 1) observer->went_back();
}

}  // namespace unmask::detail
