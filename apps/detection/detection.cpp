// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/detection.h"

#include <algorithm>
#include <cmath>
#include <future>
#include <span>
#include <system_error>
#include <utility>

#include "apps/evaluation/evaluator.h"
#include "data/file_magic.h"
#include "data/normalisation.h"
#include "data/prepare/face_crop.h"
#include "engine/error.h"

namespace unmask {

std::optional<double> FrameScore::score() const {
    if (faces.empty()) return {};
    return std::ranges::max_element(faces, {}, &FaceScore::score)->score;
}

std::optional<double> FileScore::score() const {
    double sum = 0;
    int64_t count = 0;
    for (const FrameScore& frame : frames) {
        if (const std::optional<double> score = frame.score()) {
            sum += *score;
            ++count;
        }
    }
    if (count == 0) return {};
    return sum / double(count);
}

const char* to_string(Verdict verdict) {
    switch (verdict) {
        case Verdict::real:
            return "real";
        case Verdict::fake:
            return "fake";
        case Verdict::undecided:
            return "undecided";
        case Verdict::no_face:
            return "no_face";
        case Verdict::error:
            return "error";
    }
    return "?";
}

Verdict verdict_of(const FileScore& file, double threshold, double band) {
    const std::optional<double> score = file.score();
    if (!score) return file.frames.empty() ? Verdict::error : Verdict::no_face;
    if (std::abs(*score - threshold) < band) return Verdict::undecided;
    return *score >= threshold ? Verdict::fake : Verdict::real;
}

// Takes the frames of one file: looks for faces in several at once, and sends the crops through the model in
// batches.
class FileDetector::Collector {
  public:
    Collector(FileDetector& parent, FileScore& result) : parent_(parent), result_(result) {}

    void add(Frame&& frame) {
        waiting_.push_back(std::move(frame));
        if (waiting_.size() == parent_.faces_.size()) look_for_faces();
    }
    void finish() {
        look_for_faces();
        while (!crops_.empty()) score_batch();
    }

  private:
    struct Found {
        std::vector<Box> boxes;
        std::vector<Image> crops;
    };
    struct Crop {
        Image image;
        size_t frame, face;  // where its score belongs
    };

    Found find(FaceDetector& detector, const Image& image) const {
        const DetectionOptions& options = parent_.options_;
        const Preprocessing& preprocessing = options.preprocessing;
        const int size = parent_.detector_.options().size;
        Found found;
        for (const Face& face : detector.detect(image)) {
            found.boxes.push_back(face.box);
            if (options.faces == "whole") {
                found.crops.push_back(resize(image, size, size));
                continue;
            }
            // By way of the size that `unmask prepare` writes its crops in, as in training.
            const FaceCrop stored = cut_face(image, face.box,
                                             {.size = preprocessing.crop_size,
                                              .margin = preprocessing.face_margin,
                                              .aligned = preprocessing.aligned},
                                             parent_.landmarks_.get());
            found.crops.push_back(resize(stored.image, size, size));
        }
        return found;
    }

    void look_for_faces() {
        const std::vector<Frame> frames = std::exchange(waiting_, {});
        const auto launch = frames.size() > 1 ? std::launch::async : std::launch::deferred;
        std::vector<std::future<Found>> results;
        for (size_t i = 0; i < frames.size(); ++i)
            results.push_back(
                std::async(launch, [this, &frames, i] { return find(*parent_.faces_[i], frames[i].image); }));
        for (std::future<Found>& result : results) result.wait();  // before one of them throws
        for (size_t i = 0; i < frames.size(); ++i) {
            Found found = results[i].get();
            FrameScore& frame = result_.frames.emplace_back();
            frame.index = frames[i].index;
            frame.time_seconds = frames[i].time_seconds;
            frame.name = frames[i].name;
            for (size_t k = 0; k < found.boxes.size(); ++k) {
                frame.faces.push_back({found.boxes[k], 0});
                crops_.push_back({std::move(found.crops[k]), result_.frames.size() - 1, k});
            }
        }
        while (crops_.size() >= size_t(parent_.options_.batch)) score_batch();
    }

    void score_batch() {
        const size_t count = std::min(crops_.size(), size_t(parent_.options_.batch));
        const int64_t size = parent_.detector_.options().size;
        const Tensor images = Tensor::empty({int64_t(count), size, size, 3});
        const Normalisation normalisation{parent_.options_.preprocessing.mean,
                                          parent_.options_.preprocessing.deviation};
        for (size_t i = 0; i < count; ++i)
            normalise(crops_[i].image, normalisation,
                      images.data<float>() + i * crops_[i].image.pixels.size());
        const std::vector<double> scores =
            fake_probabilities(parent_.detector_.infer(model_input(images, parent_.options_.compute)));
        for (size_t i = 0; i < count; ++i) {
            if (!std::isfinite(scores[i])) fail("the model's answer is not a number");
            result_.frames[crops_[i].frame].faces[crops_[i].face].score = scores[i];
        }
        crops_.erase(crops_.begin(), crops_.begin() + std::ptrdiff_t(count));
    }

    FileDetector& parent_;
    FileScore& result_;
    std::vector<Frame> waiting_;
    std::vector<Crop> crops_;
};

FileDetector::FileDetector(Detector& detector, const DetectionOptions& options)
    : detector_(detector), options_(options) {
    for (int i = 0; i < std::max(1, options.threads); ++i)
        faces_.push_back(make_face_detector(options.faces));
    if (options.preprocessing.aligned && options.faces != "whole")
        landmarks_ = load_landmark_model(options.landmarks);
    detector_.set_training(false);
    detector_.prepare_inference();
}

FileDetector::~FileDetector() = default;

FileScore FileDetector::detect(const std::filesystem::path& file,
                               const std::function<void(int64_t, int64_t)>& progress) {
    FileScore result;
    result.file = file;
    Collector collector(*this, result);
    try {
        const std::unique_ptr<FrameSource> source = open_frames(file, options_.threads);
        result.kind = source->kind();
        const std::vector<int64_t> wanted = evenly_spaced(source->frame_count(), options_.frames);
        int64_t done = 0;
        source->read(wanted, [&](Frame&& frame) {
            collector.add(std::move(frame));
            if (progress) progress(++done, int64_t(wanted.size()));
        });
    } catch (const std::exception& error) {
        result.error = error.what();
    }
    try {
        collector.finish();
    } catch (const std::exception& error) {
        // Faces without a score are no answer.
        result.frames.clear();
        result.error = error.what();
    }
    return result;
}

std::vector<std::filesystem::path> expand_input(const std::filesystem::path& path) {
    std::error_code error;
    if (!std::filesystem::is_directory(path, error)) return {path};
    std::vector<std::filesystem::path> videos, inputs;
    for (const auto& entry : std::filesystem::directory_iterator(path, error))
        if (entry.path().filename().string()[0] != '.' && entry.is_regular_file(error) &&
            is_video_file(entry.path()) && !is_picture(file_magic(entry.path())))
            videos.push_back(entry.path());
    std::ranges::sort(videos, [](const auto& a, const auto& b) {
        return natural_less(a.filename().string(), b.filename().string());
    });
    if (videos.empty() || !pictures_in_folder(path).empty()) inputs.push_back(path);
    inputs.insert(inputs.end(), videos.begin(), videos.end());
    return inputs;
}

}  // namespace unmask
