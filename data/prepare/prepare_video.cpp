// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_video.h"

#include <fmt/format.h>

#include <system_error>

#include "data/frame_source.h"
#include "data/picture.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// An empty folder for the crops. Folders in it stay: they belong to other videos.
void clear_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw OutputError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (!entry.is_directory()) old.push_back(entry.path());
    for (const fs::path& file : old) {
        fs::remove(file, error);
        if (error)
            throw OutputError(fmt::format("{}: cannot be removed: {}", file.string(), error.message()));
    }
}

}  // namespace

Image face_crop(const Image& image, const Box& box, double margin, int size) {
    return resize(crop(image, square_with_margin(box, margin)), size, size);
}

VideoRecord prepare_video(const SourceVideo& video, const fs::path& folder, const PrepareOptions& options,
                          FaceDetector& detector, int threads) {
    // A picture that already is a face crop gets no margin, which would only repeat its edges.
    const double margin = options.detector == "whole" ? 1.0 : options.margin;
    clear_folder(folder);
    VideoRecord record;
    try {
        const std::unique_ptr<FrameSource> source = open_frames(video.path, threads);
        const std::vector<int64_t> indices = evenly_spaced(source->frame_count(), options.frames);
        record.asked = int64_t(indices.size());
        source->read(indices, [&](Frame&& frame) {
            ++record.decoded;
            const std::vector<Face> faces = detector.detect(frame.image);
            if (faces.empty()) return;
            const Face& face = faces.front();
            const std::string file = fmt::format("{:06}.png", frame.index);
            const Image picture = face_crop(frame.image, face.box, margin, options.size);
            try {
                write_png(folder / file, picture);
            } catch (const Error& error) {
                throw OutputError(error.what());
            }
            record.faces.push_back({frame.index, file, face.box, face.confidence});
        });
    } catch (const OutputError&) {
        throw;
    } catch (const std::exception& error) {
        record.problem = error.what();
        // What does not come from reading (no memory) does not name the file.
        if (!record.problem.starts_with(video.path.string()))
            record.problem = fmt::format("{}: {}", video.path.string(), record.problem);
    }
    if (record.problem.empty() && record.faces.empty())
        record.problem =
            fmt::format("{}: no face found in any of {} frames", video.path.string(), record.decoded);
    return record;
}

}  // namespace unmask
