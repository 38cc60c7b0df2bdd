// SPDX-License-Identifier: Apache-2.0
// Labels and the information objective.
#include <fmt/format.h>

#include "bench/ops/op_rows.h"
#include "engine/ops/embedding.h"
#include "engine/ops/information_objective.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

Tensor alternating(int64_t count) {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < count; ++i) labels.push_back(i % 2);
    return Tensor::from<int64_t>({count}, labels);
}

void add_objective(std::vector<OpRow>& rows, int64_t batch, FusedDivergence divergence) {
    OpCase op_case{"information_objective",
                   fmt::format("information_objective_{}_batch{}",
                               divergence == FusedDivergence::kl ? "kl" : "sinkhorn", batch),
                   {},
                   [batch, divergence](const Inputs& in) {
                       const ObjectiveTargets targets{alternating(batch), {}, {}};
                       return information_objective({in.begin(), in.end() - 1}, targets, in.back(),
                                                    {.divergence = divergence})
                           .total;
                   }};
    for (int head = 0; head < 6; ++head) op_case.inputs.push_back({fmt::format("head{}", head), {batch, 2}});
    op_case.inputs.push_back({"sigma", {3}, {Draw::Kind::uniform, 0.6, 1.7}});
    rows.push_back({std::move(op_case)});
}

}  // namespace

void add_loss_rows(std::vector<OpRow>& rows) {
    add_objective(rows, 32, FusedDivergence::kl);
    add_objective(rows, 32, FusedDivergence::sinkhorn);
    rows.push_back({{"embedding", "embedding_1024x256", {{"table", {2, 256}}}, [](const Inputs& in) {
                         return embedding(alternating(1024), in[0]);
                     }}});
    rows.push_back({{"one_hot", "one_hot_1024", {}, [](const Inputs&) {
                         return Variable(one_hot(alternating(1024), 2));
                     }}});
}

}  // namespace unmask::detail
