// SPDX-License-Identifier: Apache-2.0
// Scores of faces: pictures cut and normalised as in training, the network, the probability of fake. One
// thread at a time.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <vector>

#include "data/face_picture.h"
#include "data/image.h"
#include "data/normalisation.h"
#include "embed/model.h"
#include "models/inference/inference_step.h"

namespace unmask::embed {

struct Face {
    Box box;
    Landmarks landmarks;  // 68 for a model of aligned faces
};

class Session {
  public:
    // threads: 0 is as many as there are; batch: faces that go through the network at once, at least 1.
    Session(std::shared_ptr<const Model> model, int threads, int batch);

    [[nodiscard]] const Model& model() const { return *model_; }

    // The probability of fake of each picture, taken as a face crop. Error for an empty picture, or when the
    // network's answer is not a number.
    [[nodiscard]] std::vector<double> score_crops(std::span<const ImageView> crops);
    // Of each face in one picture. Error for a face without landmarks where the model needs them, too.
    [[nodiscard]] std::vector<double> score_faces(const ImageView& picture, std::span<const Face> faces);

    // images [count, size, size, 3], normalised -> logits [count, 2].
    void infer(const float* images, size_t count, float* logits);

  private:
    // The batch in the memory that recorded work reads, one of `batch` images and one of a single image.
    struct Batch {
        Tensor images;
        bool ran = false;
    };
    // fill(i, place) writes image i; take(first, logits [n, 2]) receives what comes out.
    template <class Fill, class Take>
    void run(size_t count, Fill&& fill, Take&& take);
    template <class Picture>
    [[nodiscard]] std::vector<double> score(size_t count, Picture&& picture);
    const Tensor& run_batch(Batch& batch);

    std::shared_ptr<const Model> model_;
    InferenceStep step_;
    Normalisation normalisation_;
    int threads_;
    Batch full_, single_;
};

}  // namespace unmask::embed
