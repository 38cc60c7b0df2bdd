// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/plan_choice.h"

#include "cuda/check.h"

namespace unmask::cudnn {

ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem, const EngineRules& rules,
                       const std::string& name, Choices& choices, size_t limit, size_t workspace_limit,
                       const ChooseFastest& fastest) {
    ChosenPlan chosen;
    std::shared_ptr<const OperationGraph> graph;
    try {
        graph = std::make_shared<const OperationGraph>(convolution_graph(target, problem));
    } catch (const Refused& refused) {  // an epilogue that cuDNN knows no operation for
        chosen.refusal = std::string("graph: ") + refused.what();
        return chosen;
    }
    if (const std::optional<TimedChoice> known = choices.find(name)) {
        if (auto plan = make_plan(target, graph, known->choice, rules, chosen.refusal)) {
            chosen.plan = std::make_shared<const Plan>(std::move(*plan));
            return chosen;
        }
    }
    std::vector<Plan> candidates =
        candidate_plans(target, graph, rules, limit, workspace_limit, chosen.refusal);
    if (candidates.empty()) return chosen;
    const auto [best, microseconds] = fastest(candidates, chosen.refusal);
    if (best == nullptr) return chosen;
    choices.store(name, {best->choice(), microseconds});
    chosen.plan = std::make_shared<const Plan>(std::move(*best));
    return chosen;
}

}  // namespace unmask::cudnn
