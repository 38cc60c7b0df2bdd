// SPDX-License-Identifier: Apache-2.0
#include "apps/training/validation.h"

#include "apps/progress.h"

namespace unmask {

Validation validate(Detector& detector, const FaceDataset& pictures, const TrainOptions& options, int workers,
                    const std::function<void()>& after_batch) {
    Progress progress("validation", int64_t(pictures.size()), "images");
    std::vector<double> scores = score_dataset(detector, pictures,
                                               {.batch = options.batch,
                                                .threads = workers,
                                                .compute = options.compute,
                                                .normalisation = {},
                                                .part = options.ranks.rank(),
                                                .parts = options.ranks.size()},
                                               [&](int64_t done) {
                                                   progress.update(done);
                                                   after_batch();
                                               });
    options.ranks.add_up(scores);
    const EvaluationScores figures = evaluate_scores(pictures.rows(), scores).all;
    return {figures, std::move(scores)};
}

}  // namespace unmask
