// SPDX-License-Identifier: Apache-2.0
#include "engine/ops/information_objective.h"

#include <cmath>
#include <string>

#include "engine/ops/check.h"
#include "engine/ops/elementwise.h"

namespace unmask {
namespace {

constexpr const char* op = "information_objective";
constexpr int64_t classes = 2;

void check_logits(const std::vector<Variable>& logits) {
    const auto heads = static_cast<int64_t>(logits.size());
    if (heads < 2 || heads == 3 || heads > most_objective_heads)
        fail("{}: expected 2 heads, or 4 to {} of them, found {}", op, most_objective_heads, heads);
    const Shape& first = logits[0].shape();
    if (!logits[0].defined() || first.rank() != 2 || first[0] < 1 || first[1] != classes)
        fail("{}: expected logits [N, {}] of a batch, found {}", op, classes,
             logits[0].defined() ? first.str() : "none");
    for (size_t h = 1; h < logits.size(); ++h) {
        check_same_kind(op, logits[0], logits[h]);
        check_shape(op, ("logits " + std::to_string(h)).c_str(), logits[h].shape(), first);
    }
}

// On the host the values too.
void check_labels(const char* operand, const Tensor& labels, const Tensor& logits) {
    if (!labels.defined() || labels.dtype() != DType::i64 || labels.device() != logits.device() ||
        labels.shape() != Shape{logits.dim(0)})
        fail("{}: expected {} [{}] of dtype i64 on {}, found {}", op, operand, logits.dim(0),
             name_of(logits.device()),
             labels.defined() ? labels.shape().str() + " of dtype " + std::string(name_of(labels.dtype())) +
                                    " on " + name_of(labels.device())
                              : "none");
    if (labels.device().type != DeviceType::cpu) return;
    for (int64_t i = 0; i < labels.numel(); ++i)
        if (const int64_t label = labels.data<int64_t>()[i]; label < 0 || label >= classes)
            fail("{}: expected {} in [0, {}), found {} at place {}", op, operand, classes, label, i);
}

void check_share(const Tensor& lambda, const Tensor& logits) {
    if (!lambda.defined()) return;
    if (lambda.numel() != 1 || lambda.device() != logits.device() ||
        (lambda.dtype() != DType::f32 && lambda.dtype() != logits.dtype()))
        fail("{}: expected a share [1] of dtype f32 or {} on {}, found {} of dtype {} on {}", op,
             name_of(logits.dtype()), name_of(logits.device()), lambda.shape().str(), name_of(lambda.dtype()),
             name_of(lambda.device()));
    if (lambda.device().type != DeviceType::cpu) return;
    if (const double share = lambda.item(); !(share >= 0.0 && share <= 1.0))
        fail("{}: expected a share in [0, 1], found {}", op, share);
}

void check_params(const InformationObjectiveParams& params) {
    if (!(params.temperature > 0.0) || !std::isfinite(params.temperature))
        fail("{}: expected a positive temperature, found {}", op, params.temperature);
    if (!(params.sinkhorn.epsilon > 0.0) || params.sinkhorn.max_iterations < 1)
        fail("{}: expected a positive epsilon and at least one iteration, found {} and {}", op,
             params.sinkhorn.epsilon, params.sinkhorn.max_iterations);
}

}  // namespace

InformationObjective information_objective(const std::vector<Variable>& logits,
                                           const ObjectiveTargets& targets, const Variable& sigma,
                                           const InformationObjectiveParams& params) {
    check_logits(logits);
    const Tensor& global = logits[0].value();
    check_labels("labels", targets.labels, global);
    if (targets.mixed_labels.defined()) {
        check_labels("mixed labels", targets.mixed_labels, global);
        check_share(targets.lambda, global);
    }
    if (sigma.defined()) {
        check_same_kind(op, logits[0], sigma);
        check_shape(op, "sigma", sigma.shape(), {3});
    }
    check_params(params);

    const auto heads = static_cast<int64_t>(logits.size());
    const int64_t size = global.numel();
    InformationObjectiveParams used = params;
    used.local_information = params.local_information && heads > 2;
    std::vector<Tensor> values;
    bool recorded = will_record({&sigma});
    for (const Variable& variable : logits) {
        values.push_back(variable.value());
        recorded = recorded || will_record({&variable});
    }
    Tensor terms = Tensor::empty({4}, global.dtype(), global.device()), gradients;
    if (recorded)
        gradients =
            Tensor::empty({heads * size + (sigma.defined() ? 3 : 0)}, global.dtype(), global.device());
    information_objective_forward(global, values, targets, sigma.value(), used, terms, gradients);
    const Tensor total = terms.rows(0, 1).reshape({});
    if (!recorded) return {Variable(total), terms};

    std::vector<Variable> inputs = logits;
    inputs.push_back(sigma);
    const auto scaled = [gradients, heads, size, shape = global.shape()](const Tensor& gradient,
                                                                         const auto& needed) mutable {
        binary_forward(gradients, gradient.reshape({1}), gradients, BinaryOp::multiply);
        std::vector<Tensor> result;
        for (int64_t h = 0; h < heads; ++h)
            result.push_back(gradients.rows(h * size, (h + 1) * size).reshape(shape));
        result.push_back(needed[needed.size() - 1] ? gradients.rows(heads * size, heads * size + 3)
                                                   : Tensor());
        return result;
    };
    return {record(op, total, std::move(inputs), scaled), terms};
}

}  // namespace unmask
