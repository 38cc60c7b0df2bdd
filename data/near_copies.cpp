// SPDX-License-Identifier: Apache-2.0
#include "data/near_copies.h"

#include <algorithm>
#include <cmath>
#include <mutex>
#include <numeric>
#include <utility>

#include "cpu/parallel.h"

namespace unmask {
namespace {

constexpr int side = 16;
constexpr float least_correlation = 0.97f;

float product(const Look& a, const Look& b) {
    float sum = 0;
    for (size_t i = 0; i < a.size(); ++i) sum += a[i] * b[i];
    return sum;
}

Look mirrored(const Look& look) {
    Look result(look.size());
    for (size_t row = 0; row < look.size(); row += side)
        std::reverse_copy(look.begin() + std::ptrdiff_t(row), look.begin() + std::ptrdiff_t(row + side),
                          result.begin() + std::ptrdiff_t(row));
    return result;
}

}  // namespace

Look look_of(const Image& image) {
    const Image small = resize(image, side, side);
    Look look;
    for (size_t i = 0; i < small.pixels.size(); i += 3)
        look.push_back(0.299f * small.pixels[i] + 0.587f * small.pixels[i + 1] +
                       0.114f * small.pixels[i + 2]);
    const float mean = std::accumulate(look.begin(), look.end(), 0.f) / float(look.size());
    for (float& value : look) value -= mean;
    // Less than one step of the pixels' values is noise of the rounding.
    const float length = std::sqrt(product(look, look));
    for (float& value : look) value = length < side ? 0 : value / length;
    return look;
}

std::vector<size_t> near_copy_groups(const std::vector<Look>& looks) {
    std::vector<std::pair<size_t, size_t>> pairs;
    std::mutex mutex;
    parallel_for(std::ssize(looks), 16, [&](int64_t begin, int64_t end) {
        std::vector<std::pair<size_t, size_t>> found;
        for (auto i = size_t(begin); i < size_t(end); ++i) {
            const Look turned = mirrored(looks[i]);
            for (size_t j = 0; j < i; ++j)
                if (product(looks[i], looks[j]) > least_correlation ||
                    product(turned, looks[j]) > least_correlation)
                    found.emplace_back(j, i);
        }
        const std::lock_guard lock(mutex);
        pairs.insert(pairs.end(), found.begin(), found.end());
    });
    std::vector<size_t> first(looks.size());
    std::iota(first.begin(), first.end(), size_t{0});
    const auto root = [&](size_t i) {
        while (first[i] != i) i = first[i] = first[first[i]];
        return i;
    };
    for (const auto& [a, b] : pairs) {
        const size_t one = root(a), other = root(b);
        first[std::max(one, other)] = std::min(one, other);
    }
    for (size_t i = 0; i < first.size(); ++i) first[i] = root(i);
    return first;
}

}  // namespace unmask
