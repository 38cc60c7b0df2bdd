// SPDX-License-Identifier: Apache-2.0
// Which of the plans for a convolution is taken: the one that was chosen before, else the fastest.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "cuda/cudnn/plan.h"

namespace unmask::cudnn {

// What computes the same as a problem's plans, by names that no engine has. Both may be empty.
struct Alternatives {
    std::function<std::vector<Choice>()> offered;
    std::function<void(const Choice&)> run;  // one of those
};

struct ChosenPlan {
    std::shared_ptr<const Plan> plan;   // nullptr when cuDNN or all engines refuse the problem, or
    std::optional<Choice> alternative;  // this was chosen
    std::string refusal;                // where there is neither, why: in cuDNN's words
};

// What choosing found.
struct Fastest {
    Plan* plan = nullptr;               // one of the candidates; nullptr when none runs, or
    std::optional<Choice> alternative;  // when this is faster
    double microseconds = 0;            // 0: not timed
};
// The fastest of the candidates, and where anything is timed of the alternatives; where none runs `refusal`
// says why.
using ChooseFastest = std::function<Fastest(std::vector<Plan>& candidates, std::string& refusal)>;

// The shortest of `rounds` measurements, of one alone where that is 1.5 times `best`; nullopt where one
// fails.
[[nodiscard]] std::optional<double> shortest_of(int rounds, double best,
                                                const std::function<std::optional<double>()>& measure);

// The plan of the choice that is stored under `name`, without asking for the fastest. Where there is none, or
// no plan can be made of it, the fastest of the candidates, which is stored: of the heuristic's, or if none
// of those runs of the fallback list, which is long and slow. Where nothing is `timed` the first that runs is
// to be taken: not one that has to be compiled, where there are others or an epilogue can follow by itself.
// An alternative that was found the fastest is stored too, and taken again where it is offered; where cuDNN
// refuses the problem they are timed by themselves (there are no candidates then).
[[nodiscard]] ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem,
                                     const EngineRules& rules, const std::string& name, Choices& choices,
                                     bool timed, std::span<const Choice> alternatives,
                                     const ChooseFastest& fastest);

}  // namespace unmask::cudnn
