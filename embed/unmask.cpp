// SPDX-License-Identifier: Apache-2.0
// The functions of unmask.h: each checks its arguments, calls the engine and turns what it throws into a
// code.
#include "embed/unmask.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <new>
#include <optional>
#include <system_error>

#include "embed/arguments.h"
#include "embed/model.h"
#include "embed/session.h"
#include "engine/error.h"
#include "models/track_scores.h"

static_assert(UNMASK_VERSION_MAJOR == UNMASK_PROJECT_MAJOR && UNMASK_VERSION_MINOR == UNMASK_PROJECT_MINOR &&
                  UNMASK_VERSION_PATCH == UNMASK_PROJECT_PATCH,
              "unmask.h and CMakeLists.txt state different versions");

struct unmask_model {
    std::shared_ptr<const unmask::embed::Model> model;
};
struct unmask_session {
    unmask::embed::Session session;
};

namespace {

using unmask::embed::BadArgument;
using unmask::embed::require;

constexpr int most_batch = 256, most_threads = 1024;

unmask_status report(unmask_error* error, unmask_status status, const char* text) noexcept {
    if (error == nullptr) return status;
    error->status = status;
    size_t length = std::min(std::strlen(text), size_t{UNMASK_ERROR_TEXT - 1});
    // No half of a UTF-8 character at the end.
    if (text[length] != 0)
        while (length > 0 && (static_cast<unsigned char>(text[length]) & 0xC0) == 0x80) --length;
    std::memcpy(error->text, text, length);
    error->text[length] = 0;
    return status;
}

// Runs the work; `of_error` is the code of an Error of the engine.
template <class Work>
unmask_status guarded(unmask_error* error, unmask_status of_error, Work&& work) noexcept {
    try {
        work();
        return report(error, UNMASK_OK, "");
    } catch (const BadArgument& problem) {
        return report(error, UNMASK_BAD_ARGUMENT, problem.what());
    } catch (const unmask::OutOfMemory& problem) {
        return report(error, UNMASK_OUT_OF_MEMORY, problem.what());
    } catch (const unmask::Error& problem) {
        return report(error, of_error, problem.what());
    } catch (const std::bad_alloc&) {
        return report(error, UNMASK_OUT_OF_MEMORY, "out of memory");
    } catch (const std::system_error& problem) {
        return report(error, UNMASK_CANNOT_READ, problem.what());
    } catch (const std::exception& problem) {
        return report(error, UNMASK_INTERNAL, problem.what());
    } catch (...) {
        return report(error, UNMASK_INTERNAL, "unknown failure");
    }
}

int checked(const char* name, int value, int least, int most) {
    if (value < least || value > most)
        throw BadArgument(fmt::format("{}: expected {} to {}, found {}", name, least, most, value));
    return value;
}

unmask::WeightFormat weight_format(int weights) {
    switch (checked("weights", weights, UNMASK_WEIGHTS_F32, UNMASK_WEIGHTS_INT8)) {
        case UNMASK_WEIGHTS_BF16:
            return unmask::WeightFormat::bf16;
        case UNMASK_WEIGHTS_INT8:
            return unmask::WeightFormat::int8;
        default:
            return unmask::WeightFormat::f32;
    }
}

// Fills what fits into the caller's structure.
void fill(unmask_model_info* info, unmask_model_info filled) {
    unmask::embed::check_structure_size(info->size, sizeof(unmask_model_info));
    filled.size = info->size;
    std::memcpy(info, &filled, info->size);
}

double aggregated(std::span<const double> scores, std::span<const int64_t> tracks) {
    return unmask::score_of_tracks(scores, tracks).value_or(-1.0);
}

int64_t checked_track(int track) {
    if (track < 0) throw BadArgument(fmt::format("track: expected at least 0, found {}", track));
    return track;
}

}  // namespace

#define UNMASK_STRINGIFY(x) #x
#define UNMASK_TEXT(x) UNMASK_STRINGIFY(x)

const char* unmask_version(void) {
    return UNMASK_TEXT(UNMASK_VERSION_MAJOR) "." UNMASK_TEXT(UNMASK_VERSION_MINOR) "." UNMASK_TEXT(
        UNMASK_VERSION_PATCH);
}

int unmask_version_number(void) {
    return UNMASK_VERSION_NUMBER;
}

const char* unmask_status_text(int status) {
    switch (status) {
        case UNMASK_OK:
            return "ok";
        case UNMASK_BAD_ARGUMENT:
            return "bad argument";
        case UNMASK_CANNOT_READ:
            return "cannot read";
        case UNMASK_BAD_MODEL:
            return "bad model";
        case UNMASK_OUT_OF_MEMORY:
            return "out of memory";
        case UNMASK_INTERNAL:
            return "internal error";
        default:
            return "unknown";
    }
}

unmask_status unmask_model_open(const char* path, const unmask_model_options* options, unmask_model** model,
                                unmask_error* error) {
    return guarded(error, UNMASK_BAD_MODEL, [&] {
        require(path, "path");
        require(model, "model");
        const auto given = unmask::embed::options_of(options, unmask_model_options UNMASK_MODEL_OPTIONS_INIT);
        *model = new unmask_model{unmask::embed::Model::open(path, weight_format(given.weights))};
    });
}

unmask_status unmask_model_open_memory(const void* bytes, size_t byte_count,
                                       const unmask_model_options* options, unmask_model** model,
                                       unmask_error* error) {
    return guarded(error, UNMASK_BAD_MODEL, [&] {
        require(bytes, "bytes");
        require(model, "model");
        const auto given = unmask::embed::options_of(options, unmask_model_options UNMASK_MODEL_OPTIONS_INIT);
        const std::span memory(static_cast<const std::byte*>(bytes), byte_count);
        *model = new unmask_model{unmask::embed::Model::open(
            memory, given.name != nullptr ? given.name : "model", weight_format(given.weights))};
    });
}

void unmask_model_free(unmask_model* model) {
    delete model;
}

unmask_status unmask_model_describe(const unmask_model* model, unmask_model_info* info, unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(model, "model");
        require(info, "info");
        const unmask::DetectorOptions& options = model->model->options();
        const unmask::Preprocessing& how = model->model->preprocessing();
        const unmask::Calibration& calibration = model->model->calibration();
        fill(info, {.size = 0,
                    .backbone = options.backbone.c_str(),
                    .branches = options.branches,
                    .input_size = options.size,
                    .crop_size = how.crop_size,
                    .aligned = how.aligned ? 1 : 0,
                    .face_margin = how.face_margin,
                    .temperature = calibration.temperature,
                    .real_up_to = calibration.thresholds.real_up_to,
                    .fake_from = calibration.thresholds.fake_from,
                    .parameters = model->model->parameters()});
    });
}

unmask_verdict unmask_verdict_of(const unmask_model* model, double score) {
    const unmask::VerdictThresholds thresholds =
        model != nullptr ? model->model->calibration().thresholds : unmask::VerdictThresholds{};
    if (score < 0) return UNMASK_NO_FACE;
    if (score >= thresholds.fake_from) return UNMASK_FAKE;
    return score <= thresholds.real_up_to ? UNMASK_REAL : UNMASK_UNDECIDED;
}

unmask_status unmask_session_create(const unmask_model* model, const unmask_session_options* options,
                                    unmask_session** session, unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(model, "model");
        require(session, "session");
        const auto given =
            unmask::embed::options_of(options, unmask_session_options UNMASK_SESSION_OPTIONS_INIT);
        const int threads = checked("threads", given.threads, 0, most_threads);
        const int batch = checked("batch", given.batch, 1, most_batch);
        *session = new unmask_session{unmask::embed::Session(model->model, threads, batch)};
    });
}

void unmask_session_free(unmask_session* session) {
    delete session;
}

unmask_status unmask_score_crops(unmask_session* session, const unmask_picture* crops, size_t count,
                                 double* scores, unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(session, "session");
        if (count == 0) return;
        require(crops, "crops");
        require(scores, "scores");
        std::vector<unmask::ImageView> views;
        for (size_t i = 0; i < count; ++i)
            views.push_back(unmask::embed::view_of(crops[i], fmt::format("crop {}", i)));
        std::ranges::copy(session->session.score_crops(views), scores);
    });
}

unmask_status unmask_score_faces(unmask_session* session, const unmask_picture* picture,
                                 const unmask_face* faces, size_t count, double* scores,
                                 unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(session, "session");
        require(picture, "picture");
        const unmask::ImageView view = unmask::embed::view_of(*picture, "picture");
        if (count == 0) return;
        require(scores, "scores");
        const auto checked_faces =
            unmask::embed::faces_of(faces, count, view, session->session.model().preprocessing());
        std::ranges::copy(session->session.score_faces(view, checked_faces), scores);
    });
}

unmask_status unmask_score_frames(unmask_session* session, const unmask_frame* frames, size_t count,
                                  double* score, double* face_scores, unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(session, "session");
        require(score, "score");
        if (count > 0) require(frames, "frames");
        const unmask::Preprocessing& how = session->session.model().preprocessing();
        // All of them are looked at before the first is computed.
        std::vector<unmask::ImageView> views;
        std::vector<std::vector<unmask::embed::Face>> faces;
        std::vector<int64_t> tracks;
        for (size_t i = 0; i < count; ++i) {
            views.push_back(unmask::embed::view_of(frames[i].picture, fmt::format("frame {}", i)));
            faces.push_back(unmask::embed::faces_of(frames[i].faces, frames[i].face_count, views[i], how));
            for (size_t k = 0; k < frames[i].face_count; ++k)
                tracks.push_back(checked_track(frames[i].faces[k].track));
        }
        std::vector<double> scores;
        for (size_t i = 0; i < count; ++i)
            std::ranges::copy(session->session.score_faces(views[i], faces[i]), std::back_inserter(scores));
        *score = aggregated(scores, tracks);
        if (face_scores != nullptr) std::ranges::copy(scores, face_scores);
    });
}

unmask_status unmask_aggregate_scores(const double* face_scores, const int* tracks, size_t count,
                                      double* score, unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(score, "score");
        if (count > 0) {
            require(face_scores, "face_scores");
            require(tracks, "tracks");
        }
        std::vector<int64_t> numbers;
        for (size_t i = 0; i < count; ++i) {
            numbers.push_back(checked_track(tracks[i]));
            if (!(face_scores[i] >= 0 && face_scores[i] <= 1))
                throw BadArgument(fmt::format("score {}: expected 0 to 1, found {}", i, face_scores[i]));
        }
        *score = aggregated({face_scores, count}, numbers);
    });
}

unmask_status unmask_infer(unmask_session* session, const float* images, size_t count, float* logits,
                           unmask_error* error) {
    return guarded(error, UNMASK_INTERNAL, [&] {
        require(session, "session");
        if (count == 0) return;
        require(images, "images");
        require(logits, "logits");
        session->session.infer(images, count, logits);
    });
}
