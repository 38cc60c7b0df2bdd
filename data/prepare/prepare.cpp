// SPDX-License-Identifier: Apache-2.0
#include "data/prepare/prepare.h"

#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <exception>
#include <mutex>
#include <system_error>
#include <thread>
#include <tuple>

#include "data/face_detector.h"
#include "data/layouts/layout.h"
#include "data/manifest.h"
#include "data/prepare/prepare_earlier.h"
#include "data/prepare/prepare_record.h"
#include "data/prepare/prepare_video.h"
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
    static_cast<void>(make_face_detector(options.detector));
}

fs::path make_output(const fs::path& output) {
    std::error_code error;
    fs::create_directories(output, error);
    if (error) fail("{}: the output folder cannot be made: {}", output.string(), error.message());
    return fs::canonical(output);
}

// The videos, without the crops of an earlier run when the output lies within the input.
std::vector<SourceVideo> input_videos(const PrepareOptions& options, const fs::path& output,
                                      std::vector<std::string>& notices) {
    std::vector<SourceVideo> videos = find_videos(options.input, options.label, output / "crops", &notices);
    std::sort(videos.begin(), videos.end(), [](const SourceVideo& a, const SourceVideo& b) {
        return std::tie(a.dataset, a.video) < std::tie(b.dataset, b.video);
    });
    return videos;
}

// The work on all videos: a queue that the workers take from, and what they found.
class Preparation {
  public:
    Preparation(const PrepareOptions& options, fs::path output, std::vector<SourceVideo> videos,
                const PrepareProgress& progress)
        : options_(options),
          output_(std::move(output)),
          videos_(std::move(videos)),
          progress_(progress),
          records_(videos_.size()),
          reused_(videos_.size()) {}

    void run() {
        const int cores = std::max(1, int(std::thread::hardware_concurrency()));
        const int wanted = options_.threads > 0 ? options_.threads : cores;
        const int workers = std::min<int>(wanted, int(videos_.size()));
        decoding_threads_ = std::max(1, wanted / workers);
        std::vector<std::jthread> pool;
        for (int i = 0; i < workers; ++i) pool.emplace_back([this] { work(); });
        pool.clear();
        if (failure_) std::rethrow_exception(failure_);
    }

    [[nodiscard]] Manifest manifest(const std::vector<std::string>& splits) const {
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

    [[nodiscard]] SplitResult split() const {
        std::vector<SplitItem> items;
        // Videos without a face are not dealt out: a split is to hold what it was promised.
        std::vector<size_t> places;
        for (size_t i = 0; i < videos_.size(); ++i) {
            if (records_[i].faces.empty()) continue;
            const SourceVideo& video = videos_[i];
            items.push_back(
                {video.dataset + "/" + video.video, video.label, video.identities, video.official});
            places.push_back(i);
        }
        SplitResult dealt = split_by_video(items, options_.split);
        SplitResult result{std::vector<std::string>(videos_.size()), std::move(dealt.notices)};
        for (size_t k = 0; k < places.size(); ++k) result.splits[places[k]] = dealt.splits[k];
        return result;
    }

    [[nodiscard]] std::vector<VideoReport> reports() const {
        std::vector<VideoReport> reports;
        for (size_t i = 0; i < videos_.size(); ++i)
            reports.push_back({videos_[i].dataset, videos_[i].video, videos_[i].path, records_[i].asked,
                               records_[i].decoded, int64_t(records_[i].faces.size()), reused_[i] != 0,
                               records_[i].problem});
        return reports;
    }

  private:
    void work() {
        try {
            const std::unique_ptr<FaceDetector> detector = make_face_detector(options_.detector);
            for (size_t i = next_++; i < videos_.size() && !stop_; i = next_++) {
                const auto start = std::chrono::steady_clock::now();
                process(i, *detector);
                const std::chrono::duration<double> spent = std::chrono::steady_clock::now() - start;
                report_progress(i, spent.count());
            }
        } catch (...) {
            const std::lock_guard lock(mutex_);
            if (!failure_) failure_ = std::current_exception();
            stop_ = true;
        }
    }

    void process(size_t i, FaceDetector& detector) {
        const SourceVideo& video = videos_[i];
        const fs::path crops = output_ / "crops" / video.dataset / video.video;
        const fs::path record_file = record_path(output_, video);
        const std::string fingerprint =
            fmt::format("version=1 frames={} size={} margin={} detector={} {}", options_.frames,
                        options_.size, options_.margin, options_.detector, source_fingerprint(video));
        if (std::optional<VideoRecord> record = read_record(record_file);
            record && record->fingerprint == fingerprint && all_there(*record, crops)) {
            records_[i] = std::move(*record);
            reused_[i] = 1;
            return;
        }
        std::error_code ignored;
        fs::remove(record_file, ignored);  // from here on its crops are not those that it lists
        records_[i] = prepare_video(video, crops, options_, detector, decoding_threads_);
        records_[i].fingerprint = fingerprint;
        records_[i].source = recorded_source(video.path);
        // What could not be opened at all is tried again by the next run.
        if (records_[i].decoded > 0) write_record(record_file, records_[i]);
    }

    static bool all_there(const VideoRecord& record, const fs::path& crops) {
        return std::all_of(record.faces.begin(), record.faces.end(), [&](const FaceRecord& face) {
            std::error_code ignored;
            return fs::is_regular_file(crops / face.file, ignored);
        });
    }

    void report_progress(size_t i, double seconds) {
        const std::lock_guard lock(mutex_);
        ++done_;
        if (!progress_) return;
        const VideoRecord& record = records_[i];
        std::string text =
            fmt::format("{}: {} faces in {} frames", videos_[i].video, record.faces.size(), record.asked);
        text += reused_[i] ? ", done before" : fmt::format(", {:.1f} s", seconds);
        if (!record.problem.empty()) text += "; " + record.problem;
        progress_(done_, int64_t(videos_.size()), text);
    }

    const PrepareOptions& options_;
    fs::path output_;
    std::vector<SourceVideo> videos_;
    const PrepareProgress& progress_;
    std::vector<VideoRecord> records_;
    std::vector<char> reused_;  // not bool: written by several threads
    int decoding_threads_ = 1;
    std::atomic<size_t> next_{0};
    std::atomic<bool> stop_{false};
    std::mutex mutex_;
    int64_t done_ = 0;
    std::exception_ptr failure_;
};

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
    const fs::path output = make_output(options.output);
    std::vector<std::string> listed;  // what the dataset's own lists name and is not there
    std::vector<SourceVideo> videos = input_videos(options, output, listed);
    const CropSettings settings{options.size, options.margin, options.detector};
    const EarlierRuns earlier(output, videos, settings);
    Preparation preparation(options, output, std::move(videos), progress);
    preparation.run();

    PrepareReport report;
    report.manifest = options.output / "faces.csv";
    report.videos = preparation.reports();
    for (const VideoReport& video : report.videos) {
        report.rows += video.faces;
        report.reused += video.reused;
    }
    if (report.rows == 0) {
        report.manifest.clear();
        return report;
    }
    SplitResult split{std::vector<std::string>(report.videos.size()), {}};
    if (options.split.by == SplitBy::video) split = preparation.split();
    Manifest manifest = preparation.manifest(split.splits);
    if (options.split.by == SplitBy::frame) split.notices.push_back(split_by_frame(manifest, options.split));
    report.notices = std::move(listed);
    report.notices.insert(report.notices.end(), split.notices.begin(), split.notices.end());
    if (const int64_t kept = earlier.add_rows(manifest); kept > 0) {
        report.notices.push_back(
            fmt::format("{}: {} faces of other videos from earlier runs are kept, in the splits they had; "
                        "remove the folder to begin "
                        "anew",
                        report.manifest.string(), kept));
        report.rows += kept;
    }
    write_crop_settings(report.manifest, settings);
    write_manifest(report.manifest, manifest);
    report.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
    return report;
}

}  // namespace unmask
