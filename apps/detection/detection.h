// SPDX-License-Identifier: Apache-2.0
// From pictures, videos and folders to scores: frames, the faces in them, the probability of each to be fake.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "apps/compute.h"
#include "data/face_detector.h"
#include "data/frame_source.h"
#include "data/landmarks/landmark_model.h"
#include "models/checkpoint.h"

namespace unmask {

struct FaceScore {
    Box box;           // in the frame's pixels
    double score = 0;  // probability of fake
};

struct FrameScore {
    int64_t index = 0;
    double time_seconds = -1;  // -1: not a video's frame
    std::string name;          // of a folder's picture
    std::vector<FaceScore> faces;

    // The highest of its faces: one forged face makes the frame fake. Nothing without a face.
    [[nodiscard]] std::optional<double> score() const;
};

enum class Verdict : uint8_t { real, fake, undecided, no_face, error };
[[nodiscard]] const char* to_string(Verdict verdict);

struct FileScore {
    std::filesystem::path file;
    std::optional<SourceKind> kind;  // nothing when it could not be told
    std::vector<FrameScore> frames;
    std::string error;  // what could not be read; some frames may be there all the same

    // The mean over the frames that have a face. Nothing without one.
    [[nodiscard]] std::optional<double> score() const;
};

// fake from the threshold up, real below; undecided closer to the threshold than the band; no_face when
// frames were read but none has a face; error when none could be read.
[[nodiscard]] Verdict verdict_of(const FileScore& file, double threshold, double band);

struct DetectionOptions {
    int frames = 32;  // evenly spaced, of a video or folder; 0: all
    std::string faces =
        "dlib";  // a face detector's name; "whole": the picture is a face crop and is taken as it is
    Preprocessing preprocessing;      // how the model wants its faces
    std::filesystem::path landmarks;  // model for aligned faces; empty: the installed one
    int batch = 32;                   // faces that go through the model at once
    int threads = 1;                  // that decode and look for faces
    Compute compute;
};

class FileDetector {
  public:
    // The detector is put into evaluation mode and must outlive this. Error for an unknown or missing face
    // detector, or missing landmarks.
    FileDetector(Detector& detector, const DetectionOptions& options);
    ~FileDetector();

    // Never throws for what is wrong with the file: the answer's `error` says it. `progress` hears how many
    // of the frames are done.
    [[nodiscard]] FileScore detect(const std::filesystem::path& file,
                                   const std::function<void(int64_t done, int64_t total)>& progress = {});

  private:
    class Collector;
    Detector& detector_;
    DetectionOptions options_;
    std::vector<std::unique_ptr<FaceDetector>> faces_;  // one a thread
    std::shared_ptr<const LandmarkModel> landmarks_;    // for a model of aligned faces
};

// What a user's argument stands for: a folder is one source when it holds pictures, and each video directly
// in it is another; anything else is itself.
[[nodiscard]] std::vector<std::filesystem::path> expand_input(const std::filesystem::path& path);

}  // namespace unmask
