// SPDX-License-Identifier: Apache-2.0
#include "cuda/cudnn/plan_choice.h"

#include <algorithm>

#include "cuda/check.h"
#include "engine/error.h"

namespace unmask::cudnn {

std::optional<double> shortest_of(int rounds, double best,
                                  const std::function<std::optional<double>()>& measure) {
    constexpr double hopeless = 1.5;
    std::optional<double> shortest;
    for (int round = 0; round < rounds; ++round) {
        const std::optional<double> found = measure();
        if (!found) return std::nullopt;
        shortest = std::min(shortest.value_or(*found), *found);
        if (*shortest >= hopeless * best) break;
    }
    return shortest;
}

ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem, const EngineRules& rules,
                       const std::string& name, Choices& choices, bool timed,
                       std::span<const Choice> alternatives, const ChooseFastest& fastest) {
    ChosenPlan chosen;
    const std::optional<TimedChoice> known = choices.find(name);
    if (known && std::ranges::find(alternatives, known->choice) != alternatives.end()) {
        chosen.alternative = known->choice;
        return chosen;
    }
    // False when none runs.
    const auto take = [&](std::vector<Plan>& candidates) {
        const Fastest found = fastest(candidates, chosen.refusal);
        if (found.plan == nullptr && !found.alternative) return false;
        choices.store(name,
                      {found.alternative ? *found.alternative : found.plan->choice(), found.microseconds});
        chosen.alternative = found.alternative;
        if (!found.alternative) chosen.plan = std::make_shared<const Plan>(std::move(*found.plan));
        return true;
    };
    const auto take_alternative = [&] {
        std::vector<Plan> none;
        return timed && !alternatives.empty() && take(none);
    };
    std::shared_ptr<const OperationGraph> graph;
    try {
        graph = std::make_shared<const OperationGraph>(convolution_graph(target, problem));
    } catch (const Refused& refused) {  // an epilogue that cuDNN knows no operation for
        chosen.refusal = std::string("graph: ") + refused.what();
        static_cast<void>(take_alternative());
        return chosen;
    }
    if (known && known->choice.engine >= 0)
        if (auto plan = make_plan(target, graph, known->choice, rules, chosen.refusal)) {
            chosen.plan = std::make_shared<const Plan>(std::move(*plan));
            return chosen;
        }
    CandidateLimits limits;
    if (!timed)
        limits = {.of_engine = 0,
                  .compiled = problem.has_epilogue() ? size_t{0} : size_t{1},
                  .compiled_last = true,
                  .tensor_cores_first = !rules.full_float32};
    // Each takes its time to make, and without timing the first that runs is taken: more where it does not.
    const std::vector<size_t> counts = timed ? std::vector{limits.count} : std::vector<size_t>{1, 4};
    for (const cudnnBackendHeurMode_t mode : {CUDNN_HEUR_MODE_A, CUDNN_HEUR_MODE_FALLBACK})
        for (const size_t count : counts) {
            limits.count = count;
            std::vector<Plan> candidates =
                candidate_plans(target, graph, mode, rules, limits, chosen.refusal);
            if (candidates.empty()) break;
            try {
                if (take(candidates)) return chosen;
            } catch (const OutOfMemory&) {  // another may want a smaller workspace
                if (count == counts.back() && !take_alternative()) throw;
                if (chosen.alternative) return chosen;
            }
        }
    static_cast<void>(take_alternative());
    return chosen;
}

}  // namespace unmask::cudnn
