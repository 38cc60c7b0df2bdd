// SPDX-License-Identifier: Apache-2.0
#include "data/sampling.h"

#include <algorithm>
#include <array>

#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {

std::vector<size_t> epoch_order(std::span<const int> labels, const SamplingOptions& options, uint64_t seed,
                                int64_t epoch) {
    if (options.oversample_real < 1)
        fail("real pictures must be shown at least once an epoch, found oversample_real = {}",
             options.oversample_real);
    std::array<std::vector<size_t>, 2> classes;
    std::vector<size_t> order;
    for (size_t i = 0; i < labels.size(); ++i) {
        const size_t label = labels[i] != 0 ? 1 : 0;
        const int copies = label == 0 ? options.oversample_real : 1;
        for (int copy = 0; copy < copies; ++copy) {
            classes[label].push_back(i);
            order.push_back(i);
        }
    }
    if (options.balanced && !classes[0].empty() && !classes[1].empty()) {
        const std::vector<size_t>& rare = classes[0].size() < classes[1].size() ? classes[0] : classes[1];
        const size_t wanted = std::max(classes[0].size(), classes[1].size());
        size_t shown = rare.size();
        for (; shown + rare.size() <= wanted; shown += rare.size())
            order.insert(order.end(), rare.begin(), rare.end());
        PhiloxSequence random(seed, "sampling.balance", uint64_t(epoch));
        const std::vector<size_t> permutation = random_permutation(random, rare.size());
        for (size_t i = 0; shown < wanted; ++i, ++shown) order.push_back(rare[permutation[i]]);
    }
    if (!options.shuffle) return order;
    PhiloxSequence random(seed, "sampling.shuffle", uint64_t(epoch));
    const std::vector<size_t> permutation = random_permutation(random, order.size());
    std::vector<size_t> shuffled(order.size());
    for (size_t i = 0; i < order.size(); ++i) shuffled[i] = order[permutation[i]];
    return shuffled;
}

}  // namespace unmask
