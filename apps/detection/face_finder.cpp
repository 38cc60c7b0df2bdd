// SPDX-License-Identifier: Apache-2.0
#include "apps/detection/face_finder.h"

#include <fmt/format.h>

#include <algorithm>
#include <condition_variable>
#include <deque>
#include <map>
#include <mutex>
#include <new>
#include <thread>

#include "data/face_detector.h"
#include "data/picture.h"
#include "data/prepare/face_crop.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr int thumbnail_width = 160, thumbnail_height = 640, thumbnail_quality = 75;

std::vector<uint8_t> thumbnail_of(const Image& image) {
    int width = std::min(thumbnail_width, image.width);
    int height = std::max(1, int(int64_t{image.height} * width / image.width));
    if (height > thumbnail_height) {
        height = thumbnail_height;
        width = std::max(1, int(int64_t{image.width} * height / image.height));
    }
    return encode_jpeg(resize(image, width, height), thumbnail_quality);
}

}  // namespace

// One call of find(). Every piece of work has a number; what comes out is handed on by these.
struct FaceFinder::Work {
    struct Piece {
        int64_t number = 0;
        FoundFrame found;
        Image image;  // of a frame, or empty where the thread is to read the picture itself
        std::filesystem::path picture, name;
    };

    Work(const FaceFinder& parent, std::span<const DetectionInput> inputs, int64_t most_ahead,
         const std::function<void(size_t, int64_t)>& opened)
        : parent(parent), inputs(inputs), most_ahead(most_ahead), opened(opened) {}

    const FaceFinder& parent;
    std::span<const DetectionInput> inputs;
    const int64_t most_ahead;  // pieces between the reader and the taker
    const std::function<void(size_t, int64_t)>& opened;

    std::mutex mutex;
    std::condition_variable changed;
    std::deque<Piece> waiting;
    std::map<int64_t, FoundFrame> done;
    int64_t read = 0, taken = 0;
    bool all_read = false, stopped = false;

    struct Stopped {};  // thrown through a source's read()

    void put(Piece&& piece) {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return stopped || read - taken < most_ahead; });
        if (stopped) throw Stopped();
        piece.number = read++;
        waiting.push_back(std::move(piece));
        changed.notify_all();
    }

    void stop() {
        const std::lock_guard lock(mutex);
        stopped = true;
        changed.notify_all();
    }

    // The reader's thread.
    void read_inputs() {
        try {
            for (size_t i = 0; i < inputs.size(); ++i) read_input(i);
        } catch (const Stopped&) {
        }
        const std::lock_guard lock(mutex);
        all_read = true;
        changed.notify_all();
    }

    void check_stop(const std::filesystem::path& name) const {
        if (parent.options_.stop && parent.options_.stop()) fail("{}: stopped before its end", shown(name));
    }

    void read_input(size_t input) {
        Piece end{.found = {.input = input, .end = true}};
        const auto& [path, name, problem] = inputs[input];
        try {
            if (!problem.empty()) fail("{}", problem);
            check_stop(name);
            const std::unique_ptr<FrameSource> source =
                open_frames(path, parent.options_.threads, parent.options_.stop);
            end.found.kind = source->kind();
            const FrameNumbers wanted = FrameNumbers::spread(source->frame_count(), parent.options_.frames);
            if (opened) opened(input, wanted.size());
            if (source->kind() == SourceKind::picture)
                put({.found = {.input = input, .name = name.filename().string()},
                     .picture = path,
                     .name = name});
            else
                source->read(wanted, [&](Frame&& frame) {
                    check_stop(name);
                    put({.found = {.input = input,
                                   .index = frame.index,
                                   .time_seconds = frame.time_seconds,
                                   .name = std::move(frame.name)},
                         .image = std::move(frame.image),
                         .picture = {},
                         .name = name});
                });
        } catch (const std::exception& error) {
            end.found.error = problem_of(error, path, name);
        }
        put(std::move(end));
    }

    static std::string shown(const std::filesystem::path& name) {
        return name == "-" ? "standard input" : name.string();
    }

    // What happened with the file, by the name that was asked for. Not every exception names it (no memory).
    static std::string problem_of(const std::exception& error, const std::filesystem::path& path,
                                  const std::filesystem::path& name) {
        const bool no_memory = dynamic_cast<const std::bad_alloc*>(&error) != nullptr;
        std::string message = no_memory ? "out of memory" : error.what();
        const std::string from = path.string(), to = shown(name);
        const bool is_named =
            message.starts_with(to + ":") || (!from.empty() && message.find(from) != std::string::npos);
        if (!is_named) return fmt::format("{}: {}", to, message);
        if (from.empty() || from == to) return message;
        for (size_t at = message.find(from); at != std::string::npos; at = message.find(from, at + to.size()))
            message.replace(at, from.size(), to);
        return message;
    }

    // A worker's thread.
    void look_for_faces(FaceDetector& detector) {
        while (true) {
            Piece piece;
            {
                std::unique_lock lock(mutex);
                changed.wait(lock, [&] { return stopped || all_read || !waiting.empty(); });
                if (stopped || waiting.empty()) return;
                piece = std::move(waiting.front());
                waiting.pop_front();
            }
            if (!piece.found.end) look(detector, piece);
            const std::lock_guard lock(mutex);
            done.emplace(piece.number, std::move(piece.found));
            changed.notify_all();
        }
    }

    // An error stays with the frame: the taker makes it that of its input.
    void look(FaceDetector& detector, Piece& piece) const {
        FoundFrame& found = piece.found;
        try {
            if (piece.image.empty()) piece.image = read_picture(piece.picture);
            const Image& image = piece.image;
            found.width = image.width;
            found.height = image.height;
            for (const Face& face : detector.detect(image)) {
                Image crop = crop_of(image, face.box);
                found.faces.push_back({face.box, appearance_of(crop)});
                found.crops.push_back(std::move(crop));
            }
            if (parent.options_.thumbnails) found.thumbnail = thumbnail_of(image);
        } catch (const std::exception& error) {
            found.error = problem_of(error, piece.picture, piece.name);
        }
        piece.image = {};
    }

    Image crop_of(const Image& image, const Box& box) const {
        const FaceFinderOptions& options = parent.options_;
        if (options.faces == "whole") return resize(image, options.size, options.size);
        // By way of the size that `unmask prepare` writes its crops in, as in training.
        const Preprocessing& preprocessing = options.preprocessing;
        const FaceCrop stored = cut_face(image, box,
                                         {.size = preprocessing.crop_size,
                                          .margin = preprocessing.face_margin,
                                          .aligned = preprocessing.aligned},
                                         parent.landmarks_.get());
        return resize(stored.image, options.size, options.size);
    }

    // The next piece in order; nothing after the last.
    std::optional<FoundFrame> next() {
        std::unique_lock lock(mutex);
        changed.wait(lock, [&] { return done.contains(taken) || (all_read && taken == read); });
        const auto place = done.find(taken);
        if (place == done.end()) return {};
        FoundFrame found = std::move(place->second);
        done.erase(place);
        ++taken;
        changed.notify_all();
        return found;
    }
};

FaceFinder::FaceFinder(const FaceFinderOptions& options) : options_(options) {
    options_.threads = std::max(1, options.threads);
    for (int i = 0; i < options_.threads; ++i) detectors_.push_back(make_face_detector(options.faces));
    if (options.preprocessing.aligned && options.faces != "whole")
        landmarks_ = load_landmark_model(options.landmarks);
}

FaceFinder::~FaceFinder() = default;

void FaceFinder::find(std::span<const DetectionInput> inputs, const std::function<void(FoundFrame&&)>& take,
                      const std::function<void(size_t, int64_t)>& opened) {
    Work work(*this, inputs, 4 * options_.threads + 8, opened);
    // Whatever is thrown: the threads are told to end, then joined.
    struct Threads {
        Work& work;
        std::vector<std::jthread> running;
        ~Threads() { work.stop(); }
    } threads{work, {}};
    threads.running.emplace_back([&work] { work.read_inputs(); });
    for (const std::unique_ptr<FaceDetector>& detector : detectors_)
        threads.running.emplace_back([&work, &detector] { work.look_for_faces(*detector); });
    while (std::optional<FoundFrame> found = work.next()) take(std::move(*found));
}

}  // namespace unmask
