// SPDX-License-Identifier: Apache-2.0
// From pictures, videos and clips to scores: frames, the faces in them, their tracks, the probability of each
// to be fake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "apps/compute.h"
#include "apps/detection/aggregation.h"
#include "apps/detection/scores.h"
#include "apps/detection/sources.h"
#include "models/checkpoint.h"

namespace unmask {

struct DetectionOptions {
    int frames = 32;  // evenly spaced, of a video or clip; 0: all
    std::string faces =
        "dlib";  // a face detector's name; "whole": the picture is a face crop and is taken as it is
    Preprocessing preprocessing;      // how the model wants its faces
    std::filesystem::path landmarks;  // model for aligned faces; empty: the installed one
    double temperature = 1;           // of the model's calibration
    std::string aggregation{default_aggregation};
    int batch = 32;   // faces that go through the model at once
    int threads = 1;  // that decode and look for faces
    Compute compute;
    bool pictures = false;       // fill FileScore::pictures
    std::function<bool()> stop;  // asked on another thread before each frame; true ends with an error
};

// What a model file says of its scores.
[[nodiscard]] double temperature_of(const CheckpointInfo& info);
[[nodiscard]] VerdictThresholds thresholds_of(const CheckpointInfo& info);

class FileDetector {
  public:
    // The detector is put into evaluation mode and must outlive this. Error for an unknown or missing face
    // detector, missing landmarks, or an unknown aggregation.
    FileDetector(Detector& detector, const DetectionOptions& options);
    ~FileDetector();

    // Frames that were looked at and, as far as is known, will be, of all inputs; and the input that the last
    // one was of.
    using ProgressCallback = std::function<void(int64_t done, int64_t total, size_t input)>;

    // Gives the answer of each input to `take`, in order, as soon as it is known. Faces of several inputs go
    // through the model together. Never throws for what is wrong with an input: its answer's `error` says it.
    void detect(std::span<const DetectionInput> inputs, const std::function<void(FileScore&&)>& take,
                const ProgressCallback& progress = {});
    // One of them: a file, or a folder as one clip.
    [[nodiscard]] FileScore detect(const std::filesystem::path& path);

  private:
    class Collector;
    DetectionOptions options_;
    const Aggregation& aggregation_;
    std::unique_ptr<class FaceScorer> scorer_;
    std::unique_ptr<class FaceFinder> finder_;
};

}  // namespace unmask
