// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>
#include <tuple>

#include "data/face_detector.h"
#include "data/folder_lock.h"
#include "data/landmarks/landmark_model.h"
#include "data/layouts/layout.h"
#include "data/manifest.h"
#include "data/prepare/coverage.h"
#include "data/prepare/prepare_earlier.h"
#include "data/prepare/prepare_work.h"
#include "engine/error.h"

namespace unmask {
namespace {

namespace fs = std::filesystem;

void check_options(const PrepareOptions& options) {
    if (options.frames < 0) fail("prepare: expected 0 or more frames per video, found {}", options.frames);
    if (options.size < smallest_crop || options.size > largest_crop)
        fail("prepare: expected a crop size from {} to {} pixels, found {}", smallest_crop, largest_crop,
             options.size);
    if (!(options.margin >= smallest_crop_margin && options.margin <= largest_crop_margin))
        fail("prepare: expected a margin from {} to {}, found {}", smallest_crop_margin, largest_crop_margin,
             options.margin);
    if (options.threads < 0) fail("prepare: expected 0 or more threads, found {}", options.threads);
    if (options.label && *options.label != 0 && *options.label != 1)
        fail("prepare: expected label 0 or 1, found {}", *options.label);
    if (options.align && options.detector != "dlib")
        fail("prepare: aligned crops need the face detector dlib, found {}", options.detector);
    if (options.align && options.landmarks == "none")
        fail("prepare: aligned crops need landmarks, found none");
    static_cast<void>(make_face_detector(options.detector));
}

// Null where no landmarks are kept.
std::shared_ptr<const LandmarkModel> landmark_model(const PrepareOptions& options,
                                                    std::vector<std::string>& notices) {
    if (options.landmarks == "none") return nullptr;
    if (options.landmarks != "auto") return load_landmark_model(options.landmarks);
    if (options.align) return load_landmark_model();
    if (options.detector != "dlib") return nullptr;
    if (!installed_landmark_model().empty()) return load_landmark_model();
    notices.push_back(
        "no landmarks are kept: their model is not installed (Debian: libdlib-data); self-blended forgeries "
        "then follow the face's box instead of its outline");
    return nullptr;
}

fs::path make_output(const fs::path& output) {
    std::error_code error;
    fs::create_directories(output, error);
    if (error) fail("{}: the output folder cannot be made: {}", output.string(), error.message());
    return fs::canonical(output);
}

// The videos, without the crops of an earlier run when the output lies within the input.
std::vector<SourceVideo> input_videos(const PrepareOptions& options, std::vector<std::string>& notices) {
    std::vector<SourceVideo> videos =
        find_videos(options.input, options.label, options.output / "crops", &notices, options.pictures);
    std::sort(videos.begin(), videos.end(), [](const SourceVideo& a, const SourceVideo& b) {
        return std::tie(a.dataset, a.video) < std::tie(b.dataset, b.video);
    });
    return videos;
}

// Of the pictures that --frames leaves out in folders that were only taken for clips; empty where there are
// none.
std::string left_out_notice(const std::vector<SourceVideo>& videos, const PrepareOptions& options) {
    int64_t folders = 0, pictures = 0;
    for (const SourceVideo& video : videos) {
        if (options.frames == 0 || video.guessed_frames <= options.frames) continue;
        ++folders;
        pictures += video.guessed_frames - options.frames;
    }
    if (folders == 0) return {};
    return fmt::format(
        "{}: {} of the pictures are left out, as --frames {} takes evenly spaced ones of a clip and {} {} "
        "numbered pictures; --frames 0 takes all, --pictures photos takes each for itself",
        options.input.string(), pictures, options.frames, folders,
        folders == 1 ? "folder has more" : "folders have more");
}

}  // namespace

std::vector<VideoReport> PrepareReport::failures() const {
    std::vector<VideoReport> failed;
    std::copy_if(videos.begin(), videos.end(), std::back_inserter(failed),
                 [](const VideoReport& video) { return !video.problem.empty(); });
    return failed;
}

PrepareReport prepare_faces(const PrepareOptions& options, const PrepareProgress& progress) {
    const auto start = std::chrono::steady_clock::now();
    check_options(options);
    std::vector<std::string> listed;  // what the dataset's own lists name and is not there
    std::vector<SourceVideo> videos = input_videos(options, listed);  // an Error of it leaves no folder
    const fs::path output = make_output(options.output);
    const CropSettings settings{options.size, options.margin, options.detector, options.align};
    const FolderLock lock(output, "preparing into this folder");
    PrepareReport report;
    std::shared_ptr<const LandmarkModel> landmarks = landmark_model(options, report.notices);
    const EarlierRuns earlier(output, videos, settings, options, landmarks != nullptr);
    const std::string left_out = left_out_notice(videos, options);
    PrepareWork work(options, output, std::move(videos), std::move(landmarks), progress);
    static_cast<void>(read_coverage(options.output / "coverage.csv"));  // damaged: before the work
    earlier.give_up_manifest(output, settings);
    work.run();

    report.manifest = options.output / "faces.csv";
    report.coverage = options.output / "coverage.csv";
    report.videos = work.reports();
    write_coverage(report.coverage, report.videos);
    for (const VideoReport& video : report.videos) {
        report.rows += video.faces;
        report.reused += video.reused;
    }
    if (report.rows == 0) {
        report.manifest.clear();
        return report;
    }
    SplitResult split{std::vector<std::string>(report.videos.size()), {}};
    if (options.split.by == SplitBy::video) split = work.split();
    Manifest manifest = work.manifest(split.splits);
    if (options.split.by == SplitBy::frame) split.notices.push_back(split_by_frame(manifest, options.split));
    report.notices.insert(report.notices.end(), listed.begin(), listed.end());
    report.notices.insert(report.notices.end(), split.notices.begin(), split.notices.end());
    if (!left_out.empty()) report.notices.push_back(left_out);
    if (const int64_t kept = earlier.add_rows(manifest); kept > 0) {
        report.notices.push_back(fmt::format(
            "{}: {} of other videos from earlier runs {} kept, in the splits they had; remove the "
            "folder to begin anew",
            report.manifest.string(), kept == 1 ? "1 face" : fmt::format("{} faces", kept),
            kept == 1 ? "is" : "are"));
        report.rows += kept;
    }
    write_crop_settings(report.manifest, settings);
    write_manifest(report.manifest, manifest);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return report;
}

}  // namespace unmask
