// SPDX-License-Identifier: Apache-2.0
// Which plan serves which convolution on one GPU: candidates are timed once on the real stream and the
// fastest is kept; choices are written out as JSON and read back, so that a resumed run computes the same
// bytes.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
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
    // The plan for the problem in the present compute mode. Candidates run with the operands given, to be
    // timed or to see that they run: what the plan writes is overwritten by them, so it must not be among the
    // inputs. While the stream is captured none of them runs: the heuristics' first is taken. Alternatives,
    // the same for a problem at every call, are timed beside the candidates.
    [[nodiscard]] std::shared_ptr<const Entry> get(const Convolution& problem,
                                                   std::span<const Operand> operands,
                                                   const Alternatives& alternatives = {});

    // Choices made or read so far, those by name too.
    [[nodiscard]] const Choices& choices() const { return choices_; }
    void keep_choice(const std::string& problem, const std::string& name) {
        choices_.store_name(problem, name);
    }
    // Takes choices from such a text instead of timing, see Choices::add.
    [[nodiscard]] std::string import_choices(const std::string& json);

  private:
    [[nodiscard]] bool times() const;  // in the present compute mode
    Fastest choose(const Convolution& problem, std::vector<Plan>& candidates,
                   std::span<const Operand> operands, const std::vector<Choice>& offered,
                   const Alternatives& alternatives, std::string& refusal);
    // Whether the plan runs; else `refusal` says why it does not.
    bool runs(const Plan& plan, std::span<const Operand> operands, void* workspace, std::string& refusal);
    // Microseconds of one run of the work, not precisely where it takes much longer than `shortest`; nullopt
    // when it does not run. Before each the memory that `flush` names is filled.
    std::optional<double> time(const std::function<bool()>& run, double shortest, std::span<std::byte> flush);

    CudaContext& context_;
    std::unique_ptr<LruCache<std::shared_ptr<const Entry>>> plans_;
    Choices choices_;
};

}  // namespace unmask::cudnn
