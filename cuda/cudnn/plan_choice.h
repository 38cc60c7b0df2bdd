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

// Work that computes what a plan computes.
struct Alternative {
    int64_t engine;  // what Choice calls it
    std::function<void()> run;
};

struct ChosenPlan {
    std::shared_ptr<const Plan> plan;  // nullptr when cuDNN or all engines refuse the problem, or
    int64_t alternative = 0;           // this one was chosen: Choice's name, 0 for none
    std::string refusal;               // where there is no plan, why: in cuDNN's words
};

// What choosing found.
struct Fastest {
    Plan* plan = nullptr;     // one of the candidates; nullptr when none runs, or
    int64_t alternative = 0;  // when this one is faster: Choice's name, 0 for none
    double microseconds = 0;  // 0: not timed
    bool keep = true;         // false where another time may find another
};
// The fastest of the candidates, which are not empty; where none runs `refusal` says why.
using ChooseFastest = std::function<Fastest(std::vector<Plan>& candidates, std::string& refusal)>;

// The shortest of `rounds` measurements, of one alone where that is 1.5 times `best`; nullopt where one
// fails.
[[nodiscard]] std::optional<double> shortest_of(int rounds, double best,
                                                const std::function<std::optional<double>()>& measure);

// The plan of the choice that is stored under `name`, without asking for the fastest. Where there is none, or
// no plan can be made of it, the fastest of the candidates, which is stored: of the heuristic's, or if none
// of those runs of the fallback list, which is long and slow. Where nothing is `timed` the first that runs is
// to be taken: not one that has to be compiled, where there are others or an epilogue can follow by itself.
// An alternative that was found the fastest is stored too, and taken again where it is among those given.
[[nodiscard]] ChosenPlan choose_plan(const PlanTarget& target, const Convolution& problem,
                                     const EngineRules& rules, const std::string& name, Choices& choices,
                                     bool timed, std::span<const Alternative> alternatives,
                                     const ChooseFastest& fastest);

}  // namespace unmask::cudnn
