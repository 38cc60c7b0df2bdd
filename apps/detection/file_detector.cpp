// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/file_detector.h"

#include <algorithm>
#include <atomic>
#include <deque>
#include <new>

#include "apps/detection/face_finder.h"
#include "apps/detection/face_scorer.h"
#include "apps/detection/telling_faces.h"
#include "apps/detection/tracking.h"
#include "engine/error.h"

namespace unmask {
double temperature_of(const CheckpointInfo& info) {
    return info.calibration ? info.calibration->temperature : 1;
}

VerdictThresholds thresholds_of(const CheckpointInfo& info) {
    return info.calibration ? info.calibration->thresholds : VerdictThresholds{};
}

// Takes what the finder found: follows the faces, sends their crops through the model in batches, and hands
// an input on when all its faces have a score.
class FileDetector::Collector {
  public:
    Collector(FileDetector& parent, std::span<const DetectionInput> inputs,
              const std::function<void(FileScore&&)>& take)
        : parent_(parent), inputs_(inputs), take_(take) {}

    void add(FoundFrame&& found) {
        if (files_.empty() || files_.back().input != found.input) begin(found.input);
        File& file = files_.back();
        if (!found.error.empty() && file.result.error.empty()) file.result.error = std::move(found.error);
        if (found.end) {
            file.result.kind = found.kind;
            file.ended = true;
            hand_on();
        } else if (found.width > 0) {
            add_frame(file, std::move(found));
        }
    }

    void finish() {
        while (!crops_.empty()) score_batch();
        hand_on();
    }

  private:
    struct File {
        size_t input = 0;
        FileScore result;
        FaceTracker tracker;
        int64_t unscored = 0;
        bool ended = false, failed = false;
    };
    struct Crop {
        Image image;
        File* file;
        size_t frame, face;  // where its score belongs
    };

    void begin(size_t input) {
        File& file = files_.emplace_back();
        file.input = input;
        file.result.file = inputs_[input].name;
    }

    void add_frame(File& file, FoundFrame&& found) {
        const std::vector<int64_t> tracks = file.tracker.next(found.faces);
        FrameScore& frame = file.result.frames.emplace_back();
        frame.index = found.index;
        frame.time_seconds = found.time_seconds;
        frame.name = std::move(found.name);
        frame.width = found.width;
        frame.height = found.height;
        if (parent_.options_.pictures) file.result.pictures.thumbnails.push_back(std::move(found.thumbnail));
        for (size_t i = 0; i < found.faces.size(); ++i) {
            frame.faces.push_back({.box = found.faces[i].box, .score = 0, .track = tracks[i]});
            crops_.push_back({std::move(found.crops[i]), &file, file.result.frames.size() - 1, i});
            ++file.unscored;
        }
        while (crops_.size() >= size_t(parent_.options_.batch)) score_batch();
    }

    void score_batch() {
        const size_t count = std::min(crops_.size(), size_t(parent_.options_.batch));
        std::vector<const Image*> images;
        for (size_t i = 0; i < count; ++i) images.push_back(&crops_[i].image);
        std::vector<double> scores;
        std::string problem;
        try {
            scores = parent_.scorer_->score(images);
        } catch (const std::bad_alloc&) {
            problem = "out of memory";
        } catch (const std::exception& error) {
            problem = error.what();
        }
        for (size_t i = 0; i < count; ++i) {
            Crop& crop = crops_[i];
            File& file = *crop.file;
            --file.unscored;
            if (!problem.empty()) {
                file.failed = true;
                file.result.error = fmt::format("{}: {}", file.result.file.string(), problem);
                continue;
            }
            file.result.frames[crop.frame].faces[crop.face].score = scores[i];
            if (!parent_.options_.pictures) continue;
            file.result.pictures.faces.push_back({crop.frame, crop.face, std::move(crop.image)});
            if (file.result.pictures.faces.size() > size_t(4 * parent_.options_.batch))
                keep_candidates(file.result);
        }
        crops_.erase(crops_.begin(), crops_.begin() + std::ptrdiff_t(count));
        hand_on();
    }

    void hand_on() {
        while (!files_.empty() && files_.front().ended && files_.front().unscored == 0) {
            File& file = files_.front();
            if (file.failed) {  // faces without a score are no answer
                file.result.frames.clear();
                file.result.pictures = {};
            }
            choose_telling(file.result);
            aggregate_tracks(file.result, parent_.aggregation_);
            take_(std::move(file.result));
            files_.pop_front();
        }
    }

    FileDetector& parent_;
    std::span<const DetectionInput> inputs_;
    const std::function<void(FileScore&&)>& take_;
    std::deque<File> files_;  // begun and not handed on; they stay where they are in memory
    std::deque<Crop> crops_;
};

FileDetector::FileDetector(Detector& detector, const DetectionOptions& options)
    : options_(options), aggregation_(find_aggregation(options.aggregation)) {
    const Preprocessing& preprocessing = options.preprocessing;
    scorer_ = std::make_unique<FaceScorer>(detector, options.compute,
                                           Normalisation{preprocessing.mean, preprocessing.deviation},
                                           options.temperature);
    finder_ = std::make_unique<FaceFinder>(FaceFinderOptions{.frames = options.frames,
                                                             .faces = options.faces,
                                                             .preprocessing = preprocessing,
                                                             .landmarks = options.landmarks,
                                                             .size = scorer_->size(),
                                                             .threads = options.threads,
                                                             .thumbnails = options.pictures,
                                                             .stop = options.stop});
}

FileDetector::~FileDetector() = default;

void FileDetector::detect(std::span<const DetectionInput> inputs,
                          const std::function<void(FileScore&&)>& take, const ProgressCallback& progress) {
    Collector collector(*this, inputs, take);
    // Until an input is opened it is taken for a picture.
    std::atomic<int64_t> total{int64_t(inputs.size())};
    int64_t done = 0;
    finder_->find(
        inputs,
        [&](FoundFrame&& found) {
            const bool frame = !found.end;
            const size_t input = found.input;
            collector.add(std::move(found));
            if (frame && progress) progress(++done, std::max(total.load(), done), input);
        },
        [&](size_t /*input*/, int64_t frames) { total += frames - 1; });
    collector.finish();
}

FileScore FileDetector::detect(const std::filesystem::path& path) {
    FileScore result;
    const std::vector<DetectionInput> inputs{{.path = path, .name = path, .problem = ""}};
    detect(inputs, [&](FileScore&& file) { result = std::move(file); });
    return result;
}

}  // namespace unmask
