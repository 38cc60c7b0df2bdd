// SPDX-License-Identifier: Apache-2.0
// Frames of many inputs with the faces found in them, in order: one thread opens and decodes, several look
// for faces, all ahead of whoever asks for the next.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "apps/detection/sources.h"
#include "apps/detection/tracking.h"
#include "data/frame_source.h"
#include "data/landmarks/landmark_model.h"
#include "models/checkpoint.h"

namespace unmask {

struct FaceFinderOptions {
    int frames = 32;  // evenly spaced, of a video or clip; 0: all
    std::string faces = "dlib";
    Preprocessing preprocessing;
    std::filesystem::path landmarks;
    int size = 224;              // pixels, of the crops
    int threads = 1;             // that look for faces
    bool thumbnails = false;     // small JPEGs of the frames
    std::function<bool()> stop;  // asked before each frame; true ends the inputs with an error
};

// What the next step of the work found.
struct FoundFrame {
    size_t input = 0;  // which of the inputs
    // The frames of an input, then one entry that ends it.
    bool end = false;
    std::optional<SourceKind> kind;  // with `end`
    std::string error;               // with `end`: what could not be read

    int64_t index = 0;
    double time_seconds = -1;
    std::string name;
    int width = 0, height = 0;
    std::vector<SeenFace> faces;
    std::vector<Image> crops;  // of each face, at options.size
    std::vector<uint8_t> thumbnail;
};

class FaceFinder {
  public:
    // Error for an unknown or missing face detector, or missing landmarks.
    explicit FaceFinder(const FaceFinderOptions& options);
    ~FaceFinder();

    // Gives what is found to `take`, on this thread, in order: every frame of the first input, its end, and
    // so on. `opened` hears, on another thread, how many frames an input has. What take throws ends the work
    // and passes through.
    void find(std::span<const DetectionInput> inputs, const std::function<void(FoundFrame&&)>& take,
              const std::function<void(size_t input, int64_t frames)>& opened = {});

  private:
    struct Work;
    FaceFinderOptions options_;
    std::vector<std::unique_ptr<class FaceDetector>> detectors_;  // one a thread
    std::shared_ptr<const LandmarkModel> landmarks_;              // for a model of aligned faces
};

}  // namespace unmask
