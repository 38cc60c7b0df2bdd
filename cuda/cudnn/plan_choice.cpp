// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/plan_choice.h"

#include "cuda/check.h"

namespace unmask::cudnn {

ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem, const EngineRules& rules,
                       const std::string& name, Choices& choices, bool timed, const ChooseFastest& fastest) {
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
    CandidateLimits limits;
    if (!timed) {
        const bool epilogue =
            problem.bias || problem.residual || problem.params.activation != Activation::none;
        limits = {.count = 1, .compiled = epilogue ? size_t{0} : size_t{1}, .compiled_last = true};
    }
    std::vector<Plan> candidates = candidate_plans(target, graph, rules, limits, chosen.refusal);
    if (candidates.empty()) return chosen;
    const auto [best, microseconds] = fastest(candidates, chosen.refusal);
    if (best == nullptr) return chosen;
    choices.store(name, {best->choice(), microseconds});
    chosen.plan = std::make_shared<const Plan>(std::move(*best));
    return chosen;
}

}  // namespace unmask::cudnn
