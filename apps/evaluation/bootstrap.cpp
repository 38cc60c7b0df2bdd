// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/bootstrap.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <numeric>
#include <vector>

#include "apps/evaluation/ranking.h"
#include "apps/order_statistics.h"
#include "cpu/parallel.h"
#include "engine/error.h"
#include "engine/philox.h"

namespace unmask {
namespace {

constexpr double low_quantile = 0.025, high_quantile = 0.975;
constexpr size_t figures = 5;
using Figures = std::array<std::optional<double>, figures>;  // in the order of MetricIntervals

// Everything about the scores that does not change from one resample to the next.
class Resampler {
  public:
    Resampler(std::span<const double> scores, std::span<const int> labels, std::span<const int64_t> videos,
              double threshold) {
        std::vector<size_t> order(scores.size());
        std::iota(order.begin(), order.end(), size_t{0});
        std::ranges::sort(order, [&](size_t a, size_t b) { return scores[a] > scores[b]; });
        for (size_t i = 0; i < order.size(); ++i) {
            const size_t k = order[i];
            if (i == 0 || scores[k] != scores[order[i - 1]]) ++groups_;
            ranked_.push_back({size_t(videos[k]), groups_ - 1, labels[k]});
        }
        videos_.resize(size_t(*std::ranges::max_element(videos)) + 1);
        for (size_t i = 0; i < scores.size(); ++i) {
            Video& video = videos_[size_t(videos[i])];
            if (video.frames > 0 && video.label != labels[i])
                fail("bootstrap expected one label for all frames of a video, found both");
            video.label = labels[i];
            ++video.frames;
            video.right += (scores[i] >= threshold) == (labels[i] == 1);
            video.loss += log_loss_of(scores[i], labels[i]);
        }
        for (size_t i = 0; i < videos_.size(); ++i)
            if (videos_[i].frames > 0) by_label_[size_t(videos_[i].label)].push_back(i);
    }

    [[nodiscard]] bool possible() const { return by_label_[0].size() != 1 && by_label_[1].size() != 1; }

    [[nodiscard]] Figures figures_of(uint64_t seed, int64_t resample) const {
        PhiloxSequence random(seed, "bootstrap", uint64_t(resample));
        std::vector<int64_t> times(videos_.size(), 0);
        for (const std::vector<size_t>& members : by_label_)
            for (size_t i = 0; i < members.size(); ++i) ++times[members[random.below(members.size())]];
        std::vector<Tie> ties(groups_);
        for (const Ranked& one : ranked_)
            (one.label == 1 ? ties[one.group].fake : ties[one.group].real) += times[one.video];
        int64_t frames = 0, right = 0;
        double loss = 0;
        for (size_t i = 0; i < videos_.size(); ++i) {
            frames += times[i] * videos_[i].frames;
            right += times[i] * videos_[i].right;
            loss += double(times[i]) * videos_[i].loss;
        }
        return {double(right) / double(frames), area_under_roc(ties), equal_error_rate(ties),
                average_precision(ties), loss / double(frames)};
    }

  private:
    struct Ranked {
        size_t video, group;  // groups of equal scores, from the highest down
        int label;
    };
    struct Video {
        int label = 0;
        int64_t frames = 0, right = 0;
        double loss = 0;
    };
    std::vector<Ranked> ranked_;
    std::vector<Video> videos_;
    std::array<std::vector<size_t>, 2> by_label_;
    size_t groups_ = 0;
};

}  // namespace

MetricIntervals bootstrap_intervals(std::span<const double> scores, std::span<const int> labels,
                                    std::span<const int64_t> videos, double threshold,
                                    const BootstrapOptions& options) {
    if (scores.size() != labels.size() || scores.size() != videos.size())
        fail("bootstrap expected a label and a video for each of {} scores, found {} and {}", scores.size(),
             labels.size(), videos.size());
    if (options.resamples < 1 || scores.empty()) return {};
    const Resampler resampler(scores, labels, videos, threshold);
    if (!resampler.possible()) return {};
    std::vector<Figures> resamples(size_t(options.resamples));
    parallel_for(options.resamples, 8, [&](int64_t begin, int64_t end) {
        for (int64_t i = begin; i < end; ++i) resamples[size_t(i)] = resampler.figures_of(options.seed, i);
    });
    MetricIntervals intervals;
    const std::array<std::optional<Interval>*, figures> targets{&intervals.accuracy, &intervals.auc,
                                                                &intervals.eer, &intervals.average_precision,
                                                                &intervals.log_loss};
    for (size_t figure = 0; figure < figures; ++figure) {
        std::vector<double> values;
        for (const Figures& resample : resamples)
            if (resample[figure]) values.push_back(*resample[figure]);
        if (values.empty()) continue;
        std::ranges::sort(values);
        *targets[figure] = Interval{quantile(values, low_quantile), quantile(values, high_quantile)};
    }
    return intervals;
}

}  // namespace unmask
