// SPDX-License-Identifier: Apache-2.0
// The objective and its gradients in float64, whatever the storage: the batch is small. A divergence is
// described by its value and its slope in y, the probability of class 1.
#include "engine/ops/information_objective.h"

#include <cmath>
#include <limits>

#include "cpu/dispatch.h"
#include "cpu/sinkhorn.h"

namespace unmask {
namespace {

constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr double off = not_a_number;

// Of the two classes, from the difference of their logits.
struct Distribution {
    double log0, log1, p0, p1;
    explicit Distribution(double difference) {
        const double small = std::exp(-std::abs(difference)), rest = std::log1p(small);
        log0 = std::min(-difference, 0.0) - rest;
        log1 = std::min(difference, 0.0) - rest;
        p0 = (difference > 0.0 ? small : 1.0) / (1.0 + small);
        p1 = (difference > 0.0 ? 1.0 : small) / (1.0 + small);
    }
};

struct DivergenceResult {
    double value = 0.0;
    std::vector<double> slope;  // by each y
};

template <class T>
class ObjectiveOf {
  public:
    ObjectiveOf(const std::vector<Tensor>& logits, const ObjectiveTargets& targets, const Tensor& sigma,
                const InformationObjectiveParams& params)
        : logits_(logits), targets_(targets), params_(params), rows_(logits[0].dim(0)) {
        if (sigma.defined()) sigma_ = sigma.to_doubles();
        if (targets.lambda.defined()) share_ = targets.lambda.item();
        if (!(share_ >= 0.0 && share_ <= 1.0)) share_ = not_a_number;
    }

    void run(Tensor& terms, Tensor& gradients) {
        double values[3] = {classification(), off, off};
        std::vector<DivergenceResult> divergences(logits_.size());
        if (params_.global_information) {
            divergences[0] = divergence(0, gradients.defined());
            values[1] = divergences[0].value;
        }
        if (params_.local_information) {
            double sum = 0.0;
            for (size_t h = 2; h < logits_.size(); ++h) {
                divergences[h] = divergence(h, gradients.defined());
                sum += divergences[h].value;
            }
            values[2] = std::exp(-sum);
        }
        double total = 0.0, weights[3] = {};
        for (size_t k = 0; k < 3; ++k) {
            if (!is_on(k)) continue;
            weights[k] = sigma_.empty() ? params_.weights[k] : 0.5 / (sigma_[k] * sigma_[k]);
            total += weights[k] * values[k];
            if (!sigma_.empty()) total += std::log(1.0 + sigma_[k] * sigma_[k]);
        }
        T* out = terms.data<T>();
        out[0] = static_cast<T>(total);
        for (size_t k = 0; k < 3; ++k) out[1 + k] = static_cast<T>(values[k]);
        if (!gradients.defined()) return;
        T* gradient = gradients.data<T>();
        for (size_t h = 0; h < logits_.size(); ++h) {
            const double weight = h == 0 ? weights[1] : -weights[2] * values[2];
            write_gradients(h, weights[0], weight, divergences[h].slope, gradient);
            gradient += 2 * rows_;
        }
        for (size_t k = 0; k < sigma_.size(); ++k) {
            const double s = sigma_[k];
            gradient[k] = static_cast<T>(is_on(k) ? 2.0 * s / (1.0 + s * s) - values[k] / (s * s * s) : 0.0);
        }
    }

  private:
    [[nodiscard]] bool is_on(size_t term) const {
        return term == 0 || (term == 1 ? params_.global_information : params_.local_information);
    }
    [[nodiscard]] double difference(size_t head, int64_t row) const {
        const T* logits = logits_[head].template data<T>() + 2 * row;
        return static_cast<double>(logits[1]) - static_cast<double>(logits[0]);
    }
    // NaN for a label that is none.
    [[nodiscard]] static double one_hot(const Tensor& labels, int64_t row, int64_t label) {
        const int64_t found = labels.data<int64_t>()[row];
        if (found != 0 && found != 1) return not_a_number;
        return found == label ? 1.0 : 0.0;
    }
    // The target's probability of a class.
    [[nodiscard]] double target(int64_t row, int64_t label) const {
        const double first = one_hot(targets_.labels, row, label);
        if (!targets_.mixed_labels.defined()) return first;
        const double second = one_hot(targets_.mixed_labels, row, label);
        return share_ * first + (1.0 - share_) * second;
    }

    [[nodiscard]] double classification() const {
        double sum = 0.0;
        for (size_t h = 0; h < logits_.size(); ++h)
            for (int64_t row = 0; row < rows_; ++row) {
                const Distribution p(difference(h, row));
                sum -= target(row, 0) * p.log0 + target(row, 1) * p.log1;
            }
        return sum / static_cast<double>(rows_);
    }

    [[nodiscard]] DivergenceResult divergence(size_t head, bool with_slope) const {
        DivergenceResult result;
        const auto count = static_cast<size_t>(rows_);
        std::vector<double> anchor0(count), anchor1(count), y(count);
        if (with_slope) result.slope.resize(count);
        for (size_t i = 0; i < count; ++i) {
            const auto row = static_cast<int64_t>(i);
            const double anchor_difference = difference(1, row) / params_.temperature;
            const double own_difference = difference(head, row) / params_.temperature;
            const Distribution a(anchor_difference), q(own_difference);
            anchor0[i] = a.log0;
            anchor1[i] = a.log1;
            y[i] = q.p1;
            const double elements = 2.0 * static_cast<double>(rows_);
            result.value += (q.p0 * (q.log0 - a.log0) + q.p1 * (q.log1 - a.log1)) / elements;
            if (with_slope) result.slope[i] = (own_difference - anchor_difference) / elements;
        }
        if (params_.divergence == FusedDivergence::kl) return result;
        Sinkhorn<T> sinkhorn(anchor0, anchor1, std::move(y), params_.sinkhorn);
        result.value = sinkhorn.value(with_slope ? &result.slope : nullptr);
        return result;
    }

    void write_gradients(size_t head, double classification_weight, double weight,
                         const std::vector<double>& slope, T* out) const {
        for (int64_t row = 0; row < rows_; ++row) {
            const Distribution p(difference(head, row)), q(difference(head, row) / params_.temperature);
            double gradient = classification_weight * (p.p1 - target(row, 1)) / static_cast<double>(rows_);
            if (!slope.empty())
                gradient += weight * slope[static_cast<size_t>(row)] * q.p0 * q.p1 / params_.temperature;
            out[2 * row] = static_cast<T>(-gradient);
            out[2 * row + 1] = static_cast<T>(gradient);
        }
    }

    const std::vector<Tensor>& logits_;
    const ObjectiveTargets& targets_;
    const InformationObjectiveParams& params_;
    int64_t rows_;
    std::vector<double> sigma_;
    double share_ = 1.0;
};

void forward(const Tensor& global_logits, const std::vector<Tensor>& logits, const ObjectiveTargets& targets,
             const Tensor& sigma, const InformationObjectiveParams& params, Tensor& terms,
             Tensor& gradients) {
    dispatch_floating(information_objective_forward.name(), global_logits, [&](auto zero) {
        ObjectiveOf<decltype(zero)>(logits, targets, sigma, params).run(terms, gradients);
    });
}

const KernelEntry forward_entry{information_objective_forward, Backend::portable, &forward};

}  // namespace
}  // namespace unmask
