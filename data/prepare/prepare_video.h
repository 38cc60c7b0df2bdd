// SPDX-License-Identifier: Apache-2.0
// One step of preparing: the face crops of one video.
#pragma once

#include <filesystem>

#include "data/face_detector.h"
#include "data/landmarks/landmark_model.h"
#include "data/layouts/layout.h"
#include "data/prepare/prepare.h"
#include "data/prepare/prepare_record.h"
#include "engine/error.h"

namespace unmask {

// The crops could not be written: nothing that the next video would do better.
class OutputError : public Error {
  public:
    using Error::Error;
};

// Writes the crops of the evenly spaced frames into the folder, and their landmarks where `landmarks` is not
// null, in place of those of an earlier run, and says what was found. A source that is broken gives a record
// with its problem; OutputError when a crop cannot be written, PrepareStopped when
// options.stop says so. `threads` decode.
[[nodiscard]] VideoRecord prepare_video(const SourceVideo& video, const std::filesystem::path& folder,
                                        const PrepareOptions& options, FaceDetector& detector,
                                        const LandmarkModel* landmarks, int threads);

}  // namespace unmask
