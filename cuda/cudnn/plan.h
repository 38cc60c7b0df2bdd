// SPDX-License-Identifier: Apache-2.0
// Execution plans: an engine of cuDNN with its knobs, made for one operation graph. Candidates come from
// cuDNN's heuristics (mode A, then the fallback list); engines whose notes break the rules are left out.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cudnn/choices.h"
#include "cuda/cudnn/operation_graph.h"

namespace unmask::cudnn {

// Which engines may be used.
struct EngineRules {
    bool deterministic = true;  // none that may give other bytes on another run
    bool full_float32 = true;   // no tensor cores (for float32 operands those mean TF32)
    bool float32 = true;        // operands are float32: none that narrows them

    // By compute_mode().
    [[nodiscard]] static EngineRules of(DType dtype);
};

// Memory behind a tensor of the graph, by TensorId.
struct Operand {
    int64_t id;
    void* memory;
};

class Plan {
  public:
    [[nodiscard]] size_t workspace_bytes() const { return workspace_bytes_; }
    [[nodiscard]] const Choice& choice() const { return choice_; }

    // Enqueues the plan on the handle's stream; workspace_bytes() of memory behind `workspace`, aligned to
    // 256 bytes. The status says whether cuDNN took it.
    [[nodiscard]] cudnnStatus_t execute(cudnnHandle_t handle, std::span<const Operand> operands,
                                        void* workspace) const;

  private:
    friend std::optional<Plan> make_plan(const PlanTarget&, std::shared_ptr<const OperationGraph>, Descriptor,
                                         std::string&);
    std::shared_ptr<const OperationGraph> graph_;  // what the plan was made from lives as long
    Descriptor configuration_, plan_;
    Choice choice_;
    size_t workspace_bytes_ = 0;
};

// The configurations that one heuristic proposes, best first, without those that the rules leave out. When
// the heuristic knows none, the list is empty and `refusal` says why.
[[nodiscard]] std::vector<Descriptor> engine_configurations(const PlanTarget& target,
                                                            const OperationGraph& graph,
                                                            cudnnBackendHeurMode_t mode,
                                                            const EngineRules& rules, std::string& refusal);

// nullopt, and `refusal` says why, when the engine does not take the graph.
[[nodiscard]] std::optional<Plan> make_plan(const PlanTarget& target,
                                            std::shared_ptr<const OperationGraph> graph,
                                            Descriptor configuration, std::string& refusal);
// The plan of a stored choice; nullopt when this cuDNN has no such engine or the rules leave it out.
[[nodiscard]] std::optional<Plan> make_plan(const PlanTarget& target,
                                            std::shared_ptr<const OperationGraph> graph, const Choice& choice,
                                            const EngineRules& rules, std::string& refusal);

// What is wanted of a list of candidates.
struct CandidateLimits {
    size_t count = 8;                          // of plans, whatever their engines
    size_t of_engine = 2;                      // of each engine beyond those, as one may fill the list alone
    size_t workspace_bytes = size_t{1} << 30;  // of each
    size_t compiled = 3;  // of engines that are compiled when a plan is built, a second or two each
    // Where the first will be taken without timing: whether those go last, and whether engines on tensor
    // cores go first, whatever the library thinks of them.
    bool compiled_last = false, tensor_cores_first = false;
};
// Plans of one heuristic's configurations that could be built, best first.
[[nodiscard]] std::vector<Plan> candidate_plans(const PlanTarget& target,
                                                const std::shared_ptr<const OperationGraph>& graph,
                                                cudnnBackendHeurMode_t mode, const EngineRules& rules,
                                                const CandidateLimits& limits, std::string& refusal);

}  // namespace unmask::cudnn
