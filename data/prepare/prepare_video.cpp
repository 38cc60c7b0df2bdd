// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_video.h"

#include <fmt/format.h>

#include <regex>
#include <system_error>

#include "data/frame_source.h"
#include "data/landmarks/landmark_file.h"
#include "data/picture.h"
#include "data/prepare/face_crop.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

// Whether prepare writes a file of that name into a video's folder; with `.tmp` and a process's number behind
// it, as what is written is called until it is whole.
bool is_ours(const std::string& name, const fs::path& folder) {
    static const std::regex crop("[0-9]{6,}\\.png"), temporary("\\.tmp[0-9]+$");
    const std::string final_name = std::regex_replace(name, temporary, "");
    return std::regex_match(final_name, crop) || final_name == landmark_file(folder).filename();
}

// A folder for the crops without those of an earlier run that was stopped. All else in it stays: folders
// belong to other videos, and a file may be somebody's notes.
void clear_folder(const fs::path& folder) {
    std::error_code error;
    fs::create_directories(folder, error);
    if (error) throw OutputError(fmt::format("{}: cannot be made: {}", folder.string(), error.message()));
    std::vector<fs::path> old;
    for (const auto& entry : fs::directory_iterator(folder, error))
        if (!entry.is_directory() && is_ours(entry.path().filename().string(), folder))
            old.push_back(entry.path());
    for (const fs::path& file : old) {
        fs::remove(file, error);
        if (error)
            throw OutputError(fmt::format("{}: cannot be removed: {}", file.string(), error.message()));
    }
}

// Failing to write is not the video's fault.
template <class Write>
void write_output(const Write& write) {
    try {
        write();
    } catch (const Error& error) {
        throw OutputError(error.what());
    }
}

void fail_if_stopped(const SourceVideo& video, const PrepareOptions& options) {
    if (options.stop && options.stop())
        throw PrepareStopped(fmt::format("{}: stopped before its end", video.path.string()));
}

}  // namespace

VideoRecord prepare_video(const SourceVideo& video, const fs::path& folder, const PrepareOptions& options,
                          FaceDetector& detector, const LandmarkModel* landmarks, int threads) {
    // A picture that already is a face crop gets no margin, which would only repeat its edges.
    const double margin = options.detector == "whole" ? 1.0 : options.margin;
    fail_if_stopped(video, options);
    const CropStyle style{.size = options.size, .margin = margin, .aligned = options.align};
    clear_folder(folder);
    VideoRecord record;
    LandmarkTable table;
    try {
        const std::unique_ptr<FrameSource> source = open_frames(video.path, threads, options.stop);
        const FrameNumbers wanted = FrameNumbers::spread(source->frame_count(), options.frames);
        record.asked = wanted.size();
        source->read(wanted, [&](Frame&& frame) {
            ++record.decoded;
            const std::vector<Face> faces = detector.detect(frame.image);
            if (faces.empty()) return record.no_face.push_back(frame.index);
            if (faces.size() > 1) record.several_faces.push_back(frame.index);
            const Face& face = faces.front();
            const std::string file = fmt::format("{:06}.png", frame.index);
            FaceCrop cut = cut_face(frame.image, face.box, style, landmarks);
            write_output([&] { write_png(folder / file, cut.image); });
            if (landmarks != nullptr) table[file] = std::move(cut.landmarks);
            record.faces.push_back({frame.index, file, face.box, face.confidence});
        });
    } catch (const OutputError&) {
        throw;
    } catch (const std::exception& error) {
        fail_if_stopped(video, options);
        record.problem = error.what();
        // What does not come from reading (no memory) does not name the file.
        if (!record.problem.starts_with(video.path.string()))
            record.problem = fmt::format("{}: {}", video.path.string(), record.problem);
    }
    if (!table.empty()) write_output([&] { write_landmarks(folder, table); });
    if (record.problem.empty() && record.faces.empty())
        record.problem = record.decoded == 1 ? fmt::format("{}: no face found in it", video.path.string())
                                             : fmt::format("{}: no face found in any of {} frames",
                                                           video.path.string(), record.decoded);
    return record;
}

}  // namespace unmask
