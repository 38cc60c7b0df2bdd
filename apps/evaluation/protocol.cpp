// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/protocol.h"

#include <fmt/ranges.h>

#include <algorithm>
#include <set>
#include <vector>

#include "apps/evaluation/evaluator.h"
#include "data/prepare/prepare.h"

namespace unmask {
namespace {

std::string crop_text(const std::filesystem::path& manifest) {
    const std::optional<CropSettings> crop = read_crop_settings(manifest);
    if (!crop) return "unknown";
    if (crop->detector == "whole") return fmt::format("{} px, whole pictures", crop->size);
    return fmt::format("{} px, margin {}, {}{}", crop->size, crop->margin, crop->detector,
                       crop->aligned ? ", aligned" : "");
}

}  // namespace

void describe_rows(Protocol& protocol, std::span<const ManifestRow> rows,
                   const std::filesystem::path& manifest) {
    std::set<std::string> datasets;
    for (const ManifestRow& row : rows)
        if (!row.dataset.empty()) datasets.insert(row.dataset);
    protocol.dataset = fmt::format("{}", fmt::join(datasets, ", "));
    protocol.name = datasets.empty() ? manifest.filename().string() : protocol.dataset;
    const std::vector<int64_t> numbers = video_numbers(rows);
    std::vector<int64_t> frames(numbers.empty() ? 0 : size_t(*std::ranges::max_element(numbers)) + 1, 0);
    for (const int64_t number : numbers) ++frames[size_t(number)];
    protocol.videos = int64_t(frames.size());
    if (!frames.empty()) {
        protocol.least_frames = *std::ranges::min_element(frames);
        protocol.most_frames = *std::ranges::max_element(frames);
    }
    std::set<std::string> levels;
    for (const ManifestRow& row : rows) levels.insert(row.compression.empty() ? "unknown" : row.compression);
    protocol.compression = fmt::format("{}", fmt::join(levels, ", "));
    protocol.crop = crop_text(manifest);
}

std::string frames_text(const Protocol& protocol) {
    if (protocol.least_frames == protocol.most_frames) return fmt::format("{}", protocol.most_frames);
    return fmt::format("{}-{}", protocol.least_frames, protocol.most_frames);
}

std::string protocol_line(const Protocol& protocol) {
    return fmt::format("{}: {}, split {}, {} videos of {} pictures{}, compression {}, crop {}, input {} px",
                       protocol.name, protocol.data, protocol.split, protocol.videos, frames_text(protocol),
                       protocol.forgeries == "the data's" ? "" : ", forgeries " + protocol.forgeries,
                       protocol.compression, protocol.crop, protocol.input_size);
}

std::string method_line(const Protocol& protocol) {
    std::string text = fmt::format(
        "model {}; a video's score is the mean of its frames'; fake is positive; ACC at threshold {}",
        protocol.model, protocol.threshold);
    if (protocol.bootstrap.resamples > 0)
        text += fmt::format("; 95% intervals: {} resamples of the videos, seed {}",
                            protocol.bootstrap.resamples, protocol.bootstrap.seed);
    return text;
}

}  // namespace unmask
