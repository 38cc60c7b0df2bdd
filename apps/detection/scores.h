// SPDX-License-Identifier: Apache-2.0
// What detection finds in a file: frames, the faces in them, the tracks that these form, their scores.
// A score is a probability of fake, from 0 to 1.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/frame_source.h"
#include "data/image.h"
#include "models/calibration.h"

namespace unmask {

struct FaceScore {
    Box box{};  // in the frame's pixels
    double score = 0;
    int64_t track = 0;  // which of the file's tracks it belongs to, by its place in FileScore::tracks
};

struct FrameScore {
    int64_t index = 0;          // in the source
    double time_seconds = -1;   // -1: not a video's frame
    std::string name;           // of a clip's picture
    int width = 0, height = 0;  // pixels
    std::vector<FaceScore> faces;

    // The highest of its faces: one forged face makes the frame fake. Nothing without a face.
    [[nodiscard]] std::optional<double> score() const;
};

// One face followed through the frames.
struct TrackScore {
    double score = 0;                        // of its faces' scores, see aggregation.h
    int64_t faces = 0;                       // frames that show it
    size_t first_frame = 0, last_frame = 0;  // places in FileScore::frames
    bool counts = true;                      // for the file's score
};

// Pictures for the report and the heat maps; empty unless asked for.
struct TellingFace {
    size_t frame = 0, face = 0;  // places in FileScore
    Image crop;                  // as the model saw it, at its input size
};
struct FilePictures {
    std::vector<std::vector<uint8_t>> thumbnails;  // JPEG, one a frame
    // The highest scores of the file that lie apart, at most FilePictures::most, from the highest down;
    // behind them the highest of every other track (choose_telling).
    std::vector<TellingFace> faces;
    static constexpr size_t most = 3;
};

struct FileScore {
    std::filesystem::path file;      // as it was asked for; "-" is standard input
    std::optional<SourceKind> kind;  // nothing when it could not be told
    std::vector<FrameScore> frames;
    std::vector<TrackScore> tracks;
    std::optional<double> score;  // the highest of the tracks that count; nothing without a face
    std::string error;            // what could not be read; some frames may be there all the same
    FilePictures pictures;
};

enum class Verdict : uint8_t { real, fake, undecided, no_face, error };
[[nodiscard]] const char* to_string(Verdict verdict);

// fake from thresholds.fake_from up, else real up to thresholds.real_up_to, else undecided; no_face when
// frames were read but none has a face; error when none could be read.
[[nodiscard]] Verdict verdict_of(const FileScore& file, const VerdictThresholds& thresholds);

// Frames with at least one face.
[[nodiscard]] int64_t frames_with_face(const FileScore& file);

}  // namespace unmask
