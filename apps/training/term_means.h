// SPDX-License-Identifier: Apache-2.0
// The terms of the objective, averaged over the pictures of an epoch.
#pragma once

#include <cstdint>
#include <optional>

#include "apps/training/run_record.h"

namespace unmask {

// Sums of the terms, weighted by the batches' sizes.
struct TermMeans {
    EpochTerms sum;
    int64_t pictures = 0;

    void add(const EpochTerms& terms, int64_t count) {
        const auto weight = double(count);
        sum.total += weight * terms.total;
        add_to(sum.classification, terms.classification, weight);
        add_to(sum.global_information, terms.global_information, weight);
        add_to(sum.local_information, terms.local_information, weight);
        pictures += count;
    }
    [[nodiscard]] EpochTerms means() const {
        EpochTerms means = sum;
        means.total /= double(pictures);
        for (auto* term : {&means.classification, &means.global_information, &means.local_information})
            if (*term) **term /= double(pictures);
        return means;
    }

  private:
    static void add_to(std::optional<double>& sum, const std::optional<double>& term, double weight) {
        if (term) sum = sum.value_or(0) + weight * *term;
    }
};

}  // namespace unmask
