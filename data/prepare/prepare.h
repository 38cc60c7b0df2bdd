// SPDX-License-Identifier: Apache-2.0
// From a dataset on disk to face crops and a manifest. A run that was interrupted continues where it stopped.
#pragma once

#include <cstdint>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "data/layouts/picture_folders.h"
#include "data/split.h"
#include "engine/error.h"

namespace unmask {

// What crops of one set are cut to.
inline constexpr int smallest_crop = 16, largest_crop = 4096;  // pixels a side
inline constexpr double smallest_crop_margin = 0.5, largest_crop_margin = 10;

struct PrepareOptions {
    std::filesystem::path input;   // a folder that find_videos understands, or one file
    std::filesystem::path output;  // gets crops/, records/, faces.csv and prepare.json
    int frames = 32;               // evenly spaced frames per video; 0: all
    int size = 256;                // side of the crops in pixels
    double margin = 1.3;           // side of the square crop over the longer side of the face's box
    std::string detector = "dlib";
    bool align = false;  // crops turned and scaled by the landmarks; needs the detector "dlib" and landmarks
    // "auto": landmarks are kept where detector "dlib" finds the faces and their model is installed; "none";
    // or the model's file.
    std::string landmarks = "auto";
    std::optional<int> label;  // 0 or 1: the label of everything, instead of the folder layout
    PictureRule pictures = PictureRule::automatic;  // of folders that are no known dataset's
    SplitOptions split;
    // Crops that an earlier run cut with other options may be cut anew, a manifest of other pictures
    // replaced.
    bool overwrite = false;
    int threads = 0;  // workers, one video each; 0: one per core (threads_or_cores)
    // Asked before each video and each of its pictures or packets; true ends the work with PrepareStopped,
    // and the videos that are done stay done.
    std::function<bool()> stop;
};

// Ended because PrepareOptions::stop said so.
class PrepareStopped : public Error {
  public:
    using Error::Error;
};

// What became of one video.
struct VideoReport {
    std::string dataset, video;
    std::filesystem::path path;
    int64_t asked = 0, decoded = 0, faces = 0;  // frames
    int64_t no_face = 0, several_faces = 0;     // of those decoded; of several faces the largest is taken
    [[nodiscard]] int64_t unreadable() const { return asked - decoded; }
    bool reused = false;  // taken over from an earlier run
    std::string problem;  // "FILE: why something is missing", or empty
};

struct PrepareReport {
    std::filesystem::path manifest, coverage;
    std::vector<VideoReport> videos;   // sorted by dataset and id
    std::vector<std::string> notices;  // about landmarks and splits
    int64_t rows = 0, reused = 0;      // crops in the manifest; videos that an earlier run had completed
    double seconds = 0;

    // The videos with a problem: nothing usable in them, or only a part of what was asked for.
    [[nodiscard]] std::vector<VideoReport> failures() const;
};

// How the crops of a manifest were cut: OUT/prepare.json holds it beside OUT/faces.csv.
struct CropSettings {
    int size = 0;       // side in pixels
    double margin = 0;  // side of the crop over the longer side of the face's box; "whole" does not use it
    std::string detector;
    bool aligned = false;
    bool operator==(const CropSettings&) const = default;
};

// The settings beside the manifest; nothing when it has none (it was not written by prepare_faces). Error
// when the file is there and cannot be understood. A packed shard holds those of its manifest.
[[nodiscard]] std::optional<CropSettings> read_crop_settings(const std::filesystem::path& manifest);

// Their text; empty where the manifest has none.
[[nodiscard]] std::string crop_settings_text(const std::filesystem::path& manifest);

// Writes them atomically.
void write_crop_settings(const std::filesystem::path& manifest, const CropSettings& settings);

// Called after each video, from one thread at a time: videos done, videos in all, one line about the latest.
using PrepareProgress = std::function<void(int64_t done, int64_t total, const std::string& text)>;

// For every video: its frames, in each the largest face, a square crop around it, resized, as
// OUT/crops/<dataset>/<video>/<frame, six digits>.png, with landmarks a landmarks.csv beside them; then
// OUT/faces.csv, and OUT/coverage.csv (coverage.h) in any case. A video is complete when its
// record OUT/records/<dataset>/<video>.json is there, which holds the options and the source's size and time,
// so that a later run redoes exactly what is missing or has changed. A broken video is reported and the
// others go on. Rows that faces.csv has of videos outside this input (an earlier run over another folder)
// stay in it, and a notice says so. Where no face at all was found, faces.csv is not written and the report
// has no manifest and no rows. Where the crops are cut with other settings than before, the manifest is not
// there until all are done, and only with `overwrite` are they cut anew. Error for wrong options or an output
// that cannot be written; and before any work when faces.csv is damaged, when it would keep rows cut with
// other settings, when crops of these videos are there that other options cut or faces.csv lists other
// pictures of them (unless `overwrite`), when another process prepares into the folder, or when a video has
// the dataset and id of another source that is recorded there.
PrepareReport prepare_faces(const PrepareOptions& options, const PrepareProgress& progress = {});

}  // namespace unmask
