// SPDX-License-Identifier: Apache-2.0
#include "losses/objective.h"

#include <cmath>
#include <limits>

#include "engine/error.h"
#include "engine/ops/elementwise.h"
#include "engine/ops/layout.h"
#include "layers/initialization.h"
#include "losses/information_loss.h"

namespace unmask {
namespace {

void check_options(const ObjectiveOptions& options) {
    if (!(options.temperature > 0.0) || !std::isfinite(options.temperature))
        fail("objective: expected a positive temperature, found {}", options.temperature);
    for (const double weight : options.weights)
        if (!(weight >= 0.0) || !std::isfinite(weight))
            fail("objective: expected weights of at least 0, found {}", weight);
}

void check_heads(const HeadLogits& heads, const Targets& targets) {
    const Shape expected{targets.labels.defined() ? targets.labels.numel() : 0, 2};
    const auto check = [&expected](const std::string& name, const Variable& logits) {
        if (!logits.defined() || logits.shape() != expected)
            fail("objective: expected {} logits of shape {}, found {}", name, expected.str(),
                 logits.defined() ? logits.shape().str() : "none");
    };
    check("global", heads.global);
    check("joint", heads.joint);
    for (size_t i = 0; i < heads.leave_one_out.size(); ++i)
        check(fmt::format("leave-one-out {}", i), heads.leave_one_out[i]);
}

// The labels' share on the device, undefined without mixup.
Tensor share_of(const Targets& targets, const Variable& logits) {
    if (!targets.mixed_labels.defined() || targets.device_lambda.defined()) return targets.device_lambda;
    if (!(targets.lambda >= 0.0 && targets.lambda <= 1.0))
        fail("targets: expected a mixup share in [0, 1], found {}", targets.lambda);
    return Tensor::full({1}, targets.lambda, logits.dtype(), logits.device());
}

// The scalars in a row, NaN for those that are undefined.
Tensor listed(const std::vector<Variable>& scalars) {
    const NoGrad nothing_recorded;
    std::vector<Variable> parts;
    for (const Variable& scalar : scalars)
        parts.push_back(scalar.defined()
                            ? reshape(scalar, {1})
                            : Variable(Tensor::full({1}, std::numeric_limits<double>::quiet_NaN(),
                                                    scalars[0].dtype(), scalars[0].device())));
    return concat(parts, 0).value();
}

}  // namespace

Objective::Objective(const ObjectiveOptions& options) : options_(options) {
    check_options(options);
    if (options.weighting != Weighting::automatic) return;
    sigma_ = &add_parameter("sigma", {3});
    Objective::initialize_own(0, "");
}

void Objective::initialize_own(uint64_t, const std::string&) {
    if (sigma_ == nullptr) return;
    Tensor sigma = sigma_->value();
    fill_constant(sigma, 1.0);
}

bool Objective::fused() const {
    return divergence_of(options_.divergence).fused.has_value();
}

ObjectiveResult Objective::forward(const HeadLogits& heads, const Targets& targets) const {
    check_heads(heads, targets);
    const auto fused = divergence_of(options_.divergence).fused;
    return fused ? forward_fused(heads, targets, *fused) : forward_composed(heads, targets);
}

ObjectiveResult Objective::forward_composed(const HeadLogits& heads, const Targets& targets) const {
    const ObjectiveTerms composed = terms(heads, targets);
    const Variable sum = total(composed);
    return {sum,
            listed({sum, composed.classification, composed.global_information, composed.local_information})};
}

ObjectiveResult Objective::forward_fused(const HeadLogits& heads, const Targets& targets,
                                         FusedDivergence divergence) const {
    std::vector<Variable> logits{heads.global, heads.joint};
    logits.insert(logits.end(), heads.leave_one_out.begin(), heads.leave_one_out.end());
    const ObjectiveTargets given{targets.labels, targets.mixed_labels, share_of(targets, heads.global)};
    const InformationObjective result =
        information_objective(logits, given, sigma_ != nullptr ? *sigma_ : Variable(),
                              {.temperature = options_.temperature,
                               .divergence = divergence,
                               .weights = options_.weights,
                               .global_information = options_.global_information,
                               .local_information = options_.local_information});
    return {result.total, result.terms};
}

ObjectiveTerms Objective::terms(const HeadLogits& heads, const Targets& targets) const {
    check_heads(heads, targets);
    const Tensor target = target_distribution(targets, 2, heads.global.dtype());
    ObjectiveTerms result;
    result.classification = cross_entropy(heads.global, target) + cross_entropy(heads.joint, target);
    for (const Variable& logits : heads.leave_one_out)
        result.classification = result.classification + cross_entropy(logits, target);

    const DivergenceFunction divergence = divergence_of(options_.divergence).compare;
    const Variable log_anchor = anchor_log_probabilities(heads.joint, options_.temperature);
    if (options_.global_information)
        result.global_information =
            global_information_loss(log_anchor, heads.global, options_.temperature, divergence);
    if (options_.local_information && !heads.leave_one_out.empty())
        result.local_information =
            local_information_loss(log_anchor, heads.leave_one_out, options_.temperature, divergence);
    return result;
}

Variable Objective::total(const ObjectiveTerms& terms) const {
    const TermArray array{terms.classification, terms.global_information, terms.local_information};
    return sigma_ != nullptr ? automatic_weighting(array, *sigma_) : fixed_weighting(array, options_.weights);
}

}  // namespace unmask
