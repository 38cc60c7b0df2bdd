// SPDX-License-Identifier: Apache-2.0
#include "engine/philox.h"

#include <cmath>
#include <numbers>
#include <numeric>
#include <utility>

namespace unmask {
namespace {

// The stream's name and the seed are mixed by one Philox block, so that close seeds give unrelated keys.
PhiloxKey make_key(uint64_t seed, std::string_view stream) {
    const uint64_t hash = fnv1a64(stream);
    const PhiloxBlock mixed =
        philox4x32({static_cast<uint32_t>(seed), static_cast<uint32_t>(seed >> 32), 0, 0},
                   {static_cast<uint32_t>(hash), static_cast<uint32_t>(hash >> 32)});
    return {mixed[0], mixed[1]};
}

}  // namespace

Philox::Philox(uint64_t seed, std::string_view stream) : key_(make_key(seed, stream)) {}

uint32_t PhiloxSequence::bits() {
    return philox_.bits(step_, element_++);
}

float PhiloxSequence::uniform() {
    return philox_uniform(bits());
}

double PhiloxSequence::uniform(double low, double high) {
    return low + (high - low) * double(uniform());
}

double PhiloxSequence::normal() {
    const double radius = std::sqrt(-2.0 * std::log(1.0 - double(uniform())));
    return radius * std::cos(2.0 * std::numbers::pi * double(uniform()));
}

uint64_t PhiloxSequence::below(uint64_t count) {
    const uint64_t limit = count * (UINT64_MAX / count);
    for (;;) {
        const uint64_t high = bits();
        const uint64_t draw = (high << 32) | bits();
        if (draw < limit) return draw % count;
    }
}

std::vector<size_t> random_permutation(PhiloxSequence& random, size_t count) {
    std::vector<size_t> order(count);
    std::iota(order.begin(), order.end(), size_t{0});
    for (size_t i = count; i > 1; --i) std::swap(order[i - 1], order[random.below(i)]);
    return order;
}

}  // namespace unmask
