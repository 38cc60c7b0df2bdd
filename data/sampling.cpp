// SPDX-License-Identifier: Apache-2.0
#include "data/sampling.h"

#include <algorithm>
#include <array>
#include <map>
#include <numeric>
#include <string_view>
#include <tuple>

#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

// Appends `items` repeated whole, then a random part of them, `wanted` in all.
void append_repeated(std::span<const size_t> items, size_t wanted, PhiloxSequence& random,
                     std::vector<size_t>& order) {
    for (; wanted >= items.size(); wanted -= items.size())
        order.insert(order.end(), items.begin(), items.end());
    if (wanted == 0) return;
    const std::vector<size_t> permutation = random_permutation(random, items.size());
    for (size_t i = 0; i < wanted; ++i) order.push_back(items[permutation[i]]);
}

// The same number of rows of every video, the videos in the order of their first rows.
std::vector<size_t> rows_by_video(std::span<const ManifestRow> rows, size_t pictures, PhiloxSequence random) {
    std::map<std::tuple<std::string_view, std::string_view, std::string_view, int>, size_t> known;
    std::vector<std::vector<size_t>> videos;
    for (size_t i = 0; i < rows.size(); ++i) {
        const ManifestRow& row = rows[i];
        const auto [place, fresh] =
            known.try_emplace({row.dataset, row.method, row.video, row.label}, videos.size());
        if (fresh) videos.emplace_back();
        videos[place->second].push_back(i);
    }
    std::vector<size_t> order;
    for (const std::vector<size_t>& video : videos) append_repeated(video, pictures, random, order);
    return order;
}

}  // namespace

std::vector<size_t> epoch_order(std::span<const ManifestRow> rows, const SamplingOptions& options,
                                uint64_t seed, int64_t epoch) {
    if (options.oversample_real < 1)
        fail("real pictures must be shown at least once an epoch, found oversample_real = {}",
             options.oversample_real);
    if (options.pictures_a_video < 0)
        fail("a video cannot show {} pictures an epoch", options.pictures_a_video);
    const auto step = uint64_t(epoch);
    std::vector<size_t> chosen(rows.size());
    std::iota(chosen.begin(), chosen.end(), size_t{0});
    if (options.pictures_a_video > 0)
        chosen = rows_by_video(rows, size_t(options.pictures_a_video),
                               PhiloxSequence(seed, "sampling.video", step));
    const std::vector<int> times = times_of(rows, options.oversample, options.oversample_real);
    std::array<std::vector<size_t>, 2> classes;
    std::vector<size_t> order;
    for (const size_t i : chosen)
        for (int copy = 0; copy < times[i]; ++copy) {
            classes[rows[i].label != 0 ? 1 : 0].push_back(i);
            order.push_back(i);
        }
    if (options.balanced && !classes[0].empty() && !classes[1].empty()) {
        const std::vector<size_t>& rare = classes[0].size() < classes[1].size() ? classes[0] : classes[1];
        const size_t wanted = std::max(classes[0].size(), classes[1].size());
        PhiloxSequence random(seed, "sampling.balance", step);
        append_repeated(rare, wanted - rare.size(), random, order);
    }
    if (!options.shuffle) return order;
    PhiloxSequence random(seed, "sampling.shuffle", step);
    const std::vector<size_t> permutation = random_permutation(random, order.size());
    std::vector<size_t> shuffled(order.size());
    for (size_t i = 0; i < order.size(); ++i) shuffled[i] = order[permutation[i]];
    return shuffled;
}

}  // namespace unmask
