// SPDX-License-Identifier: Apache-2.0
// The work of preparing on all videos: a queue that the workers take from, and what they found.
#pragma once

#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "data/face_detector.h"
#include "data/landmarks/landmark_model.h"
#include "data/layouts/layout.h"
#include "data/manifest.h"
#include "data/prepare/prepare.h"
#include "data/prepare/prepare_record.h"

namespace unmask {

class PrepareWork {
  public:
    // `landmarks` may be null; options and progress must outlive this.
    PrepareWork(const PrepareOptions& options, std::filesystem::path output, std::vector<SourceVideo> videos,
                std::shared_ptr<const LandmarkModel> landmarks, const PrepareProgress& progress);

    // All videos that no earlier run has completed. What stops one worker stops all and is thrown.
    void run();

    // After it: the rows of all faces with these splits of the videos, the videos dealt out, what became of
    // each.
    [[nodiscard]] Manifest manifest(const std::vector<std::string>& splits) const;
    [[nodiscard]] SplitResult split() const;
    [[nodiscard]] std::vector<VideoReport> reports() const;

  private:
    void process(size_t i, FaceDetector& detector);
    void report_progress(size_t i, double seconds);
    // By video: for a photo the first one that shows the same picture, else empty.
    [[nodiscard]] std::vector<std::string> pictures_shown() const;

    const PrepareOptions& options_;
    std::filesystem::path output_;
    std::vector<SourceVideo> videos_;
    std::shared_ptr<const LandmarkModel> landmarks_;
    const PrepareProgress& progress_;
    std::vector<VideoRecord> records_;
    std::vector<char> reused_;  // not bool: written by several threads
    int decoding_threads_ = 1;
    std::mutex mutex_;  // of the progress
    int64_t done_ = 0;
};

}  // namespace unmask
