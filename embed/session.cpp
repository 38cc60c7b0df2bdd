// SPDX-License-Identifier: Apache-2.0
#include "embed/session.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <utility>

#include "cpu/parallel.h"
#include "engine/error.h"
#include "models/calibration.h"
#include "models/scores.h"

namespace unmask::embed {
namespace {

Tensor batch_of(int64_t count, int64_t size) {
    return Tensor::empty({count, size, size, 3});
}

}  // namespace

Session::Session(std::shared_ptr<const Model> model, int threads, int batch)
    : model_(std::move(model)),
      step_(model_->detector(), cpu_device),
      normalisation_{model_->preprocessing().mean, model_->preprocessing().deviation},
      threads_(threads),
      full_{batch_of(batch, model_->options().size)},
      single_{batch == 1 ? full_.images : batch_of(1, model_->options().size)} {}

const Tensor& Session::run_batch(Batch& batch) {
    if (batch.ran) return step_.enqueue(batch.images);
    const std::lock_guard lock(model_->first_run());
    const Tensor& logits = step_.enqueue(batch.images);
    batch.ran = true;
    return logits;
}

// Full batches as long as there are, then one image after the other: other batch sizes would each need memory
// of their own.
template <class Fill, class Take>
void Session::run(size_t count, Fill&& fill, Take&& take) {
    const ThreadLimit limit(threads_);
    const auto most = size_t(full_.images.dim(0));
    for (size_t done = 0; done < count;) {
        Batch& batch = count - done >= most ? full_ : single_;
        const auto size = size_t(batch.images.dim(0));
        const size_t stride = batch.images.bytes() / sizeof(float) / size;
        for (size_t i = 0; i < size; ++i) fill(done + i, batch.images.data<float>() + i * stride);
        take(done, run_batch(batch));
        done += size;
    }
}

void Session::infer(const float* images, size_t count, float* logits) {
    const auto side = size_t(model_->options().size);
    const size_t image = side * side * 3;
    run(
        count, [&](size_t i, float* place) { std::copy_n(images + i * image, image, place); },
        [&](size_t first, const Tensor& found) {
            std::memcpy(logits + 2 * first, found.data<float>(), found.bytes());
        });
}

// picture(i) gives an Image of the network's input size.
template <class Picture>
std::vector<double> Session::score(size_t count, Picture&& picture) {
    std::vector<double> scores;
    scores.reserve(count);
    run(
        count, [&](size_t i, float* place) { normalise(picture(i), normalisation_, place); },
        [&](size_t, const Tensor& logits) {
            for (const double score : fake_probabilities(logits)) {
                if (!std::isfinite(score)) fail("the model's answer is not a number");
                scores.push_back(calibrated(score, model_->calibration().temperature));
            }
        });
    return scores;
}

std::vector<double> Session::score_crops(std::span<const ImageView> crops) {
    const int size = model_->options().size;
    return score(crops.size(), [&](size_t i) { return resize(crops[i], size, size); });
}

std::vector<double> Session::score_faces(const ImageView& picture, std::span<const Face> faces) {
    const Preprocessing& how = model_->preprocessing();
    const CropStyle style{.size = how.crop_size, .margin = how.face_margin, .aligned = how.aligned};
    const int size = model_->options().size;
    // By way of the size that crops are stored in, as in training.
    return score(faces.size(), [&](size_t i) {
        return resize(face_picture(picture, faces[i].box, style, faces[i].landmarks).image, size, size);
    });
}

}  // namespace unmask::embed
