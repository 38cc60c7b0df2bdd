// SPDX-License-Identifier: Apache-2.0
// Rows of engine/ops/information_objective.h.
#include "engine/ops/information_objective.h"
#include "tests/support/op_cases.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

struct Row {
    int64_t rows = 5;
    int64_t leave_one_out = 4;
    bool automatic = true;
    bool mixup = false;
    InformationObjectiveParams params{};
    double spread = 2.0;
};

Tensor labels_of(int64_t rows, int64_t period, Device device) {
    std::vector<int64_t> labels;
    for (int64_t i = 0; i < rows; ++i) labels.push_back(i % period == 0 ? 1 : 0);
    return Tensor::from<int64_t>({rows}, labels, device);
}

InformationObjective call(const Inputs& in, const Row& row) {
    const Device device = in[0].device();
    ObjectiveTargets targets{labels_of(row.rows, 2, device), {}, {}};
    if (row.mixup) {
        targets.mixed_labels = labels_of(row.rows, 3, device);
        targets.lambda = Tensor::full({1}, 0.3125, DType::f32, device);
    }
    const auto heads = in.begin() + 2 + static_cast<std::ptrdiff_t>(row.leave_one_out);
    return information_objective({in.begin(), heads}, targets, row.automatic ? *heads : Variable(),
                                 row.params);
}

std::vector<OpInput> inputs(const Row& row, bool differentiable) {
    std::vector<OpInput> result;
    const Draw draw{Draw::Kind::uniform, -row.spread, row.spread};
    for (const char* name : {"global", "joint"})
        result.push_back({name, {row.rows, 2}, draw, differentiable});
    for (int64_t i = 0; i < row.leave_one_out; ++i)
        result.push_back({"leave_one_out" + std::to_string(i), {row.rows, 2}, draw, differentiable});
    if (row.automatic) result.push_back({"sigma", {3}, {Draw::Kind::uniform, 0.6, 1.7}, differentiable});
    return result;
}

// The total with its gradients, and the terms. The anchor's gradient is stopped, which differences do not
// see: joint logits stay constant but where no divergence is on.
void add(OpTable& table, const std::string& name, const Row& row, const Bounds& bounds = {}) {
    const std::string op = "information_objective";
    OpCase total{op, op + "_" + name, inputs(row, true),
                 [row](const Inputs& in) { return call(in, row).total; }, bounds};
    const bool local = row.params.local_information && row.leave_one_out > 0;
    total.inputs[1].differentiable = !row.params.global_information && !local;
    table.cases.push_back(total);
    table.cases.push_back({op, op + "_terms_" + name, inputs(row, false),
                           [row](const Inputs& in) { return Variable(call(in, row).terms); }, bounds});
}

InformationObjectiveParams switched(bool global, bool local) {
    InformationObjectiveParams params;
    params.global_information = global;
    params.local_information = local;
    return params;
}

InformationObjectiveParams sinkhorn(double epsilon, int iterations = 100, double threshold = 0.1) {
    InformationObjectiveParams params;
    params.divergence = FusedDivergence::sinkhorn;
    params.sinkhorn = {epsilon, iterations, threshold};
    return params;
}

void add_rows(OpTable& table) {
    add(table, "kl", {});
    add(table, "kl_mixup", {.mixup = true});
    add(table, "kl_fixed", {.leave_one_out = 2, .automatic = false, .mixup = true});
    add(table, "kl_one_branch", {.leave_one_out = 0});
    add(table, "kl_eight_branches", {.rows = 3, .leave_one_out = 8});
    add(table, "kl_one_row", {.rows = 1});
    add(table, "kl_far", {.params = {.temperature = 0.5}, .spread = 30.0}, {2e-6, 2e-5});
    add(table, "kl_many_rows", {.rows = 4099, .leave_one_out = 2}, {4e-6, 2e-5});
    add(table, "without_global", {.params = switched(false, true)});
    add(table, "without_local", {.params = switched(true, false)});
    add(table, "without_both", {.mixup = true, .params = switched(false, false)});
    const Bounds loose{5e-6, 5e-5};  // exponentials of differences that are divided by epsilon
    add(table, "sinkhorn", {.leave_one_out = 2, .params = sinkhorn(0.5)}, loose);
    add(table, "sinkhorn_small_epsilon", {.leave_one_out = 2, .params = sinkhorn(0.05, 20)}, loose);
    add(table, "sinkhorn_two_iterations", {.automatic = false, .params = sinkhorn(0.3, 2)}, loose);
    add(table, "sinkhorn_one_point", {.rows = 1, .leave_one_out = 2, .params = sinkhorn(0.1)}, loose);
    add(table, "sinkhorn_default", {.rows = 9, .params = sinkhorn(0.01), .spread = 1.0}, loose);
    add(table, "sinkhorn_one_branch", {.leave_one_out = 0, .params = sinkhorn(0.5)}, loose);
    add(table, "sinkhorn_many_points",
        {.rows = 67, .leave_one_out = 2, .mixup = true, .params = sinkhorn(0.5, 8, 1e-3)}, loose);
    InformationObjectiveParams local = sinkhorn(0.4), none = sinkhorn(0.4);
    local.global_information = none.global_information = none.local_information = false;
    add(table, "sinkhorn_without_global", {.params = local}, loose);
    add(table, "sinkhorn_without_both", {.params = none}, loose);
}

void add_bad(OpTable& table, const std::string& name,
             const std::function<void(std::vector<Variable>&, ObjectiveTargets&, Variable&,
                                      InformationObjectiveParams&)>& spoil,
             const std::vector<std::string>& found) {
    table.bad_calls.push_back({"information_objective", "information_objective_" + name,
                               [spoil] {
                                   std::vector<Variable> logits(4, Tensor::zeros({2, 2}));
                                   ObjectiveTargets targets{labels_of(2, 2, cpu_device), {}, {}};
                                   Variable sigma = Tensor::full({3}, 1.0);
                                   InformationObjectiveParams params;
                                   spoil(logits, targets, sigma, params);
                                   (void)information_objective(logits, targets, sigma, params);
                               },
                               found});
}

}  // namespace

void add_information_objective_cases(OpTable& table) {
    add_rows(table);
    add_bad(table, "three_heads", [](auto& logits, auto&, auto&, auto&) { logits.pop_back(); }, {"found 3"});
    add_bad(table, "classes",
            [](auto& logits, auto&, auto&, auto&) {
                logits[0] = Tensor::zeros({2, 3});
            },
            {"[N, 2]", "[2, 3]"});
    add_bad(table, "shape",
            [](auto& logits, auto&, auto&, auto&) {
                logits[2] = Tensor::zeros({3, 2});
            },
            {"logits 2", "[2, 2]", "[3, 2]"});
    add_bad(table, "label",
            [](auto&, auto& targets, auto&, auto&) {
                targets.labels = Tensor::from<int64_t>({2}, std::vector<int64_t>{0, 2});
            },
            {"labels in [0, 2)", "2 at place 1"});
    add_bad(table, "no_labels", [](auto&, auto& targets, auto&, auto&) { targets.labels = Tensor(); },
            {"none"});
    add_bad(table, "mixed_labels",
            [](auto&, auto& targets, auto&, auto&) { targets.mixed_labels = labels_of(3, 2, cpu_device); },
            {"mixed labels [2]", "[3]"});
    add_bad(table, "share",
            [](auto&, auto& targets, auto&, auto&) {
                targets.mixed_labels = targets.labels;
                targets.lambda = Tensor::full({1}, 1.5);
            },
            {"[0, 1]", "1.5"});
    add_bad(table, "sigma", [](auto&, auto&, auto& sigma, auto&) { sigma = Tensor::zeros({2}); },
            {"sigma", "[3]", "[2]"});
    add_bad(table, "temperature", [](auto&, auto&, auto&, auto& params) { params.temperature = 0.0; },
            {"temperature", "found 0"});
    add_bad(table, "iterations",
            [](auto&, auto&, auto&, auto& params) { params.sinkhorn.max_iterations = 0; },
            {"iteration", "0.01 and 0"});
}

}  // namespace unmask::detail
