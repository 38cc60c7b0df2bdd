// SPDX-License-Identifier: Apache-2.0
// unmask.h for C++ from C++17 on: objects that free themselves, exceptions instead of codes. Header only:
// nothing of C++ crosses the library's border.
//
//     unmask::Model model = unmask::Model::open("best.safetensors");
//     unmask::Session session(model);
//     double score = session.score_crop({pixels, width, height, 0});
#ifndef UNMASK_HPP
#define UNMASK_HPP

#include <cstddef>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "unmask.h"

namespace unmask {

// What a function of unmask.h reported; what() is its line.
class Error : public std::runtime_error {
  public:
    explicit Error(const unmask_error& error)
        : std::runtime_error(error.text), status_(static_cast<unmask_status>(error.status)) {}
    unmask_status status() const noexcept { return status_; }

  private:
    unmask_status status_;
};

namespace detail {
// Calls function(arguments…, &error) and throws Error unless it returns UNMASK_OK.
template <class Function, class... Arguments>
void call(Function function, Arguments... arguments) {
    unmask_error error;
    if (function(arguments..., &error) != UNMASK_OK) throw Error(error);
}
struct Free {
    void operator()(unmask_model* model) const noexcept { unmask_model_free(model); }
    void operator()(unmask_session* session) const noexcept { unmask_session_free(session); }
};
}  // namespace detail

// May be used by several threads at once.
class Model {
  public:
    static Model open(const std::string& path) {
        unmask_model* model = nullptr;
        detail::call(&unmask_model_open, path.c_str(), static_cast<const unmask_model_options*>(nullptr),
                     &model);
        return Model(model);
    }
    // The bytes are not copied: they must outlive the model and its sessions.
    static Model open(const void* bytes, std::size_t byte_count) {
        unmask_model* model = nullptr;
        detail::call(&unmask_model_open_memory, bytes, byte_count,
                     static_cast<const unmask_model_options*>(nullptr), &model);
        return Model(model);
    }

    unmask_model_info describe() const {
        unmask_model_info info = UNMASK_MODEL_INFO_INIT;
        detail::call(&unmask_model_describe, get(), &info);
        return info;
    }
    unmask_verdict verdict_of(double score) const noexcept { return unmask_verdict_of(get(), score); }
    const unmask_model* get() const noexcept { return model_.get(); }

  private:
    explicit Model(unmask_model* model) : model_(model) {}
    std::unique_ptr<unmask_model, detail::Free> model_;
};

// One thread at a time; keeps what it needs of its model.
class Session {
  public:
    explicit Session(const Model& model) : Session(model, UNMASK_SESSION_OPTIONS_INIT) {}
    Session(const Model& model, const unmask_session_options& options) {
        unmask_session* session = nullptr;
        detail::call(&unmask_session_create, model.get(), &options, &session);
        session_.reset(session);
    }

    // Pictures that are face crops.
    std::vector<double> score_crops(const std::vector<unmask_picture>& crops) {
        std::vector<double> scores(crops.size());
        detail::call(&unmask_score_crops, get(), crops.data(), crops.size(), scores.data());
        return scores;
    }
    double score_crop(const unmask_picture& crop) {
        double score = 0;
        detail::call(&unmask_score_crops, get(), &crop, std::size_t{1}, &score);
        return score;
    }
    // Faces in one picture.
    std::vector<double> score_faces(const unmask_picture& picture, const std::vector<unmask_face>& faces) {
        std::vector<double> scores(faces.size());
        detail::call(&unmask_score_faces, get(), &picture, faces.data(), faces.size(), scores.data());
        return scores;
    }
    // One score for several frames; -1 without a face.
    double score_frames(const std::vector<unmask_frame>& frames) {
        double score = -1;
        detail::call(&unmask_score_frames, get(), frames.data(), frames.size(), &score,
                     static_cast<double*>(nullptr));
        return score;
    }
    // Normalised images [count, input_size, input_size, 3] -> logits [count, 2].
    std::vector<float> infer(const float* images, std::size_t count) {
        std::vector<float> logits(2 * count);
        detail::call(&unmask_infer, get(), images, count, logits.data());
        return logits;
    }
    unmask_session* get() const noexcept { return session_.get(); }

  private:
    std::unique_ptr<unmask_session, detail::Free> session_;
};

}  // namespace unmask

#endif
