// SPDX-License-Identifier: Apache-2.0
// The terms of the objective, averaged over the pictures of an epoch.
#pragma once

#include <cstdint>
#include <optional>

#include "apps/training/run_record.h"

namespace unmask {

// Sums of the terms, weighted by the batches' sizes.
class TermMeans {
  public:
    void add(const EpochTerms& terms, int64_t pictures) {
        const auto weight = double(pictures);
        sum_.total += weight * terms.total;
        add_to(sum_.classification, terms.classification, weight);
        add_to(sum_.global_information, terms.global_information, weight);
        add_to(sum_.local_information, terms.local_information, weight);
        pictures_ += pictures;
    }
    [[nodiscard]] EpochTerms means() const {
        EpochTerms means = sum_;
        means.total /= double(pictures_);
        for (auto* term : {&means.classification, &means.global_information, &means.local_information})
            if (*term) **term /= double(pictures_);
        return means;
    }

  private:
    static void add_to(std::optional<double>& sum, const std::optional<double>& term, double weight) {
        if (term) sum = sum.value_or(0) + weight * *term;
    }
    EpochTerms sum_;
    int64_t pictures_ = 0;
};

}  // namespace unmask
