// SPDX-License-Identifier: Apache-2.0
// The charts of scored pictures: ROC, histograms and confusion matrices, by frame and by video.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "data/manifest.h"

namespace unmask {

// Figures for HtmlPage::charts. Without both classes there is no ROC curve.
[[nodiscard]] std::vector<std::string> score_charts(std::span<const ManifestRow> rows,
                                                    std::span<const double> scores, double threshold);

}  // namespace unmask
