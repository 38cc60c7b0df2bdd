// SPDX-License-Identifier: Apache-2.0
// Which of the plans for a convolution is taken: the one that was chosen before, else the fastest.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cudnn/plan.h"

namespace unmask::cudnn {

struct ChosenPlan {
    std::shared_ptr<const Plan> plan;  // nullptr when cuDNN or all engines refuse the problem
    std::string refusal;               // then why, in cuDNN's words
};

// The fastest of the candidates, which are not empty, and its microseconds (0: not timed); nullptr when none
// runs, and `refusal` says why.
using ChooseFastest =
    std::function<std::pair<Plan*, double>(std::vector<Plan>& candidates, std::string& refusal)>;

// The plan of the choice that is stored under `name`, without asking for the fastest. Where there is none, or
// no plan can be made of it, the fastest of the candidates, which is stored. Where nothing is `timed` the
// first one is taken: not one that has to be compiled, where there are others or an epilogue can follow by
// itself.
[[nodiscard]] ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem,
                                     const EngineRules& rules, const std::string& name, Choices& choices,
                                     bool timed, const ChooseFastest& fastest);

}  // namespace unmask::cudnn
