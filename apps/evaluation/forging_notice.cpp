// SPDX-License-Identifier: Apache-2.0
#include "apps/evaluation/forging_notice.h"

#include "apps/console.h"

namespace unmask {

void tell_about_forging(const FaceDataset& dataset) {
    if (dataset.forger() == nullptr) return;
    const auto faces = int64_t(dataset.size() / 2);
    log_notice("{} self-blended forgeries of {} real faces; the data's own forgeries are left out", faces,
               faces);
    if (const int64_t without = faces - dataset.forger()->faces_with_landmarks(); without > 0)
        log_notice("{} of the faces have no landmarks: an ellipse in the middle of the crop stands for them",
                   without);
}

}  // namespace unmask
