// SPDX-License-Identifier: Apache-2.0
// What is kept about one prepared video, so that a later run can tell that it is complete and still valid.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "data/image.h"
#include "data/layouts/layout.h"

namespace unmask {

struct FaceRecord {
    int64_t frame = 0;
    std::string file;       // the crop's name in the video's folder
    Box box;                // of the face in the frame, before margin
    double confidence = 0;  // the detector's
    bool operator==(const FaceRecord&) const = default;
};

struct VideoRecord {
    std::string fingerprint;  // the options, and the source's size and time
    std::string source;       // absolute path of the video; empty in records that do not say it
    int64_t asked = 0, decoded = 0;
    std::string problem;
    std::vector<FaceRecord> faces;
    std::vector<int64_t> no_face,
        several_faces;  // numbers of the frames without a face, and with more than one
    bool operator==(const VideoRecord&) const = default;
};

// Bytes and modification times of a file, or of the pictures in a folder, as text that changes with them.
[[nodiscard]] std::string source_fingerprint(const SourceVideo& video);

// The path as a record holds it: bytes that are not UTF-8 are replaced.
[[nodiscard]] std::string recorded_source(const std::filesystem::path& path);

// Writes the record atomically, with the folders above it.
void write_record(const std::filesystem::path& path, const VideoRecord& record);

// The record, unless it is missing or cannot be understood.
[[nodiscard]] std::optional<VideoRecord> read_record(const std::filesystem::path& path);

}  // namespace unmask
