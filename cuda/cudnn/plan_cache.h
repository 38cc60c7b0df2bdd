// SPDX-License-Identifier: Apache-2.0
// Which plan serves which convolution on one GPU: candidates are timed once on the real stream and the
// fastest is kept; choices are written out as JSON and read back, so that a resumed run computes the same
// bytes.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "cuda/cudnn/plan_choice.h"
#include "engine/lru_cache.h"

namespace unmask {
class CudaContext;
}

namespace unmask::cudnn {

class PlanCache {
  public:
    explicit PlanCache(CudaContext& context);

    using Entry = ChosenPlan;
    // The plan for the problem in the present compute mode. Candidates are timed with the operands given:
    // what the plan writes is overwritten by them, so it must not be among the inputs. While the stream is
    // captured nothing is timed: the heuristics' first is taken.
    [[nodiscard]] std::shared_ptr<const Entry> get(const Convolution& problem,
                                                   std::span<const Operand> operands);

    // Choices made or read so far, those by name too.
    [[nodiscard]] const Choices& choices() const { return choices_; }
    void keep_choice(const std::string& problem, const std::string& name) {
        choices_.store_name(problem, name);
    }
    // Takes choices from such a text instead of timing, see Choices::add.
    [[nodiscard]] std::string import_choices(const std::string& json);

  private:
    [[nodiscard]] bool times() const;  // in the present compute mode
    Entry make(const Convolution& problem, std::span<const Operand> operands);
    // The fastest and its microseconds (0: not timed); nullptr when none runs.
    std::pair<Plan*, double> choose(const Convolution& problem, std::vector<Plan>& candidates,
                                    std::span<const Operand> operands, std::string& refusal);
    // Microseconds of one execution; nullopt when the plan does not run.
    std::optional<double> time(const Plan& plan, std::span<const Operand> operands, void* workspace,
                               std::string& refusal);

    CudaContext& context_;
    std::unique_ptr<LruCache<std::shared_ptr<const Entry>>> plans_;
    Choices choices_;
};

}  // namespace unmask::cudnn
