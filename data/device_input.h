// SPDX-License-Identifier: Apache-2.0
// From raw batches of the loader to the image tensor on the device that trains: the pictures travel as bytes,
// and augmentation, normalisation and mixup happen there.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "data/loader.h"
#include "data/normalisation.h"
#include "engine/ops/augment.h"
#include "engine/upload.h"

namespace unmask {

struct DeviceInputOptions {
    Device device{};
    DType dtype = DType::f32;  // or bf16
    int channels = 3;          // or 4 or 8: those beyond the third are 0
    Normalisation normalisation;
};

// Memory is allocated once for each shape of batch and kept, so that captured work which reads it can run
// again on the next batch. Pictures that are uploaded ahead have a second place.
class DeviceInput {
  public:
    // Error for a number of channels or a dtype other than those.
    explicit DeviceInput(const DeviceInputOptions& options);

    // Copies the batch and its mixup (picture i with picture partner[i], lambda being the share of picture i;
    // none when empty) to the device, in the order of its other work. Not for captured work. Error when the
    // batch is not raw or a partner is not in it.
    void upload(const Batch& batch, std::span<const size_t> partner = {}, double lambda = 1);
    // Enqueues the work on what was uploaded last: [n, size, size, channels], the same memory for every batch
    // of that shape. May be captured.
    const Tensor& compute();
    // The same beside the device's other work, which may read what was uploaded before. compute() works on it
    // after take().
    void upload_ahead(const Batch& batch, std::span<const size_t> partner = {}, double lambda = 1);
    void take();
    // Upload and compute.
    const Tensor& images(const Batch& batch, std::span<const size_t> partner = {}, double lambda = 1) {
        upload(batch, partner, lambda);
        return compute();
    }

  private:
    // A batch in the device's memory.
    struct Pictures {
        Tensor pixels, draws, partner, lambda;
        std::unique_ptr<Upload> upload;  // last: it ends before the memory
    };
    struct Place {
        Shape shape;
        std::array<Pictures, 2> pictures;
        size_t current = 0;  // of the two; the other is uploaded ahead
        Tensor images;
    };
    // The place for the batch; Error as upload().
    size_t place_of(const Batch& batch, std::span<const size_t> partner);
    void add_place(const Batch& batch);
    DeviceInputOptions options_;
    AugmentParams params_;
    std::deque<Place> places_;     // one for each shape; they stay where they are
    size_t current_ = 0;           // the place that compute() works on
    std::optional<size_t> ahead_;  // the place that is being uploaded to
};

}  // namespace unmask
