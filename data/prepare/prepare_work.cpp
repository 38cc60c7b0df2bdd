// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare_work.h"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <system_error>

#include "cpu/parallel.h"
#include "data/landmarks/landmark_file.h"
#include "data/near_copies.h"
#include "data/on_threads.h"
#include "data/picture.h"
#include "data/prepare/prepare_earlier.h"
#include "data/prepare/prepare_video.h"

namespace unmask {

namespace fs = std::filesystem;

namespace {

bool all_there(const VideoRecord& record, const fs::path& crops, bool with_landmarks) {
    std::error_code ignored;
    if (with_landmarks && !record.faces.empty() && !fs::is_regular_file(landmark_file(crops), ignored))
        return false;
    return std::all_of(record.faces.begin(), record.faces.end(), [&](const FaceRecord& face) {
        return fs::is_regular_file(crops / face.file, ignored);
    });
}

}  // namespace

PrepareWork::PrepareWork(const PrepareOptions& options, fs::path output, std::vector<SourceVideo> videos,
                         std::shared_ptr<const LandmarkModel> landmarks, const PrepareProgress& progress)
    : options_(options),
      output_(std::move(output)),
      videos_(std::move(videos)),
      landmarks_(std::move(landmarks)),
      progress_(progress),
      records_(videos_.size()),
      reused_(videos_.size()) {}

void PrepareWork::run() {
    const int wanted = threads_or_cores(options_.threads);
    const int workers = std::clamp(int(videos_.size()), 1, wanted);
    decoding_threads_ = wanted / workers;
    on_threads(workers, videos_.size(), [this]() -> PieceOfWork {
        const std::shared_ptr<FaceDetector> detector = make_face_detector(options_.detector);
        return [this, detector](size_t video) {
            const auto start = std::chrono::steady_clock::now();
            process(video, *detector);
            const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
            report_progress(video, spent.count());
        };
    });
}

Manifest PrepareWork::manifest(const std::vector<std::string>& splits) const {
    Manifest manifest{output_, {}};
    for (size_t i = 0; i < videos_.size(); ++i) {
        const SourceVideo& video = videos_[i];
        const fs::path folder = fs::path("crops") / video.dataset / video.video;
        for (const FaceRecord& face : records_[i].faces)
            manifest.rows.push_back({(folder / face.file).generic_string(), video.video, splits[i],
                                     video.dataset, video.method, video.label, face.frame,
                                     join_identities(video.identities), video.compression});
    }
    return manifest;
}

std::vector<std::string> PrepareWork::pictures_shown() const {
    std::vector<size_t> photos;
    for (size_t i = 0; i < videos_.size(); ++i)
        if (videos_[i].kind == SourceKind::picture && !records_[i].faces.empty()) photos.push_back(i);
    std::vector<Look> looks(photos.size());
    parallel_for(std::ssize(photos), 16, [&](int64_t begin, int64_t end) {
        for (auto k = size_t(begin); k < size_t(end); ++k) {
            const SourceVideo& photo = videos_[photos[k]];
            looks[k] = look_of(read_picture(output_ / "crops" / photo.dataset / photo.video /
                                            records_[photos[k]].faces[0].file));
        }
    });
    const std::vector<size_t> groups = near_copy_groups(looks);
    std::vector<std::string> names(videos_.size());
    for (size_t k = 0; k < photos.size(); ++k) {
        const SourceVideo& shown = videos_[photos[groups[k]]];
        names[photos[k]] = fmt::format("picture {}/{}", shown.dataset, shown.video);
    }
    return names;
}

SplitResult PrepareWork::split() const {
    std::vector<SplitItem> items;
    // Videos without a face are not dealt out: a split is to hold what it was promised.
    std::vector<size_t> places;
    const std::vector<std::string> shown = pictures_shown();
    for (size_t i = 0; i < videos_.size(); ++i) {
        if (records_[i].faces.empty()) continue;
        const SourceVideo& video = videos_[i];
        items.push_back({video.dataset + "/" + video.video, video.label, video.identities, video.official});
        // Copies of a photo under other names stay on one side.
        if (!shown[i].empty()) items.back().identities.push_back(shown[i]);
        places.push_back(i);
    }
    SplitResult dealt = split_by_video(items, options_.split);
    SplitResult result{std::vector<std::string>(videos_.size()), std::move(dealt.notices)};
    for (size_t k = 0; k < places.size(); ++k) result.splits[places[k]] = dealt.splits[k];
    return result;
}

std::vector<VideoReport> PrepareWork::reports() const {
    std::vector<VideoReport> reports;
    for (size_t i = 0; i < videos_.size(); ++i) {
        const VideoRecord& record = records_[i];
        reports.push_back({.dataset = videos_[i].dataset,
                           .video = videos_[i].video,
                           .path = videos_[i].path,
                           .asked = record.asked,
                           .decoded = record.decoded,
                           .faces = int64_t(record.faces.size()),
                           .no_face = int64_t(record.no_face.size()),
                           .several_faces = int64_t(record.several_faces.size()),
                           .reused = reused_[i] != 0,
                           .problem = record.problem});
    }
    return reports;
}

void PrepareWork::process(size_t i, FaceDetector& detector) {
    const SourceVideo& video = videos_[i];
    const fs::path crops = output_ / "crops" / video.dataset / video.video;
    const fs::path record_file = record_path(output_, video);
    const bool with_landmarks = landmarks_ != nullptr;
    const std::string fingerprint =
        recorded_options(options_, with_landmarks) + " " + source_fingerprint(video);
    if (std::optional<VideoRecord> record = read_record(record_file);
        record && record->fingerprint == fingerprint && all_there(*record, crops, with_landmarks)) {
        records_[i] = std::move(*record);
        reused_[i] = 1;
        if (records_[i].source == recorded_source(video.path)) return;
        records_[i].source = recorded_source(video.path);  // it was moved
        write_record(record_file, records_[i]);
        return;
    }
    std::error_code ignored;
    fs::remove(record_file, ignored);  // from here on its crops are not those that it lists
    records_[i] = prepare_video(video, crops, options_, detector, landmarks_.get(), decoding_threads_);
    records_[i].fingerprint = fingerprint;
    records_[i].source = recorded_source(video.path);
    // What could not be opened at all is tried again by the next run.
    if (records_[i].decoded > 0) write_record(record_file, records_[i]);
}

void PrepareWork::report_progress(size_t i, double seconds) {
    const std::lock_guard lock(mutex_);
    ++done_;
    if (!progress_) return;
    const VideoRecord& record = records_[i];
    std::string text = fmt::format("{}: {} {} in {} {}", videos_[i].video, record.faces.size(),
                                   record.faces.size() == 1 ? "face" : "faces", record.asked,
                                   record.asked == 1 ? "frame" : "frames");
    text += reused_[i] ? ", done before" : fmt::format(", {:.1f} s", seconds);
    if (!record.problem.empty()) text += "; " + record.problem;
    progress_(done_, int64_t(videos_.size()), text);
}

}  // namespace unmask
