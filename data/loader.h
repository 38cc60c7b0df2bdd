// SPDX-License-Identifier: Apache-2.0
// Batches of pictures, decoded by worker threads ahead of the step that consumes them; augmented and
// normalised there too, or raw with what was drawn for them, for a device that does the rest
// (device_input.h).
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "data/augmentation/augmentation.h"
#include "data/dataset.h"
#include "data/normalisation.h"
#include "data/sampling.h"
#include "engine/tensor.h"

namespace unmask {

struct LoaderOptions {
    int batch = 32;
    int threads = 1;   // workers, at least one
    int prefetch = 3;  // batches in preparation at once
    uint64_t seed = 0;
    SamplingOptions sampling;
    // Leaves out an epoch's last, incomplete batch, so that batch norm never sees a handful of pictures; an
    // epoch that is smaller than one batch is one batch all the same. Evaluation keeps everything.
    bool drop_last = false;
    std::optional<Augmentation> augmentation;
    Normalisation normalisation;
    bool raw = false;  // pixels and draws instead of images
    // Of the n samples of each batch only those from n · part / parts to n · (part + 1) / parts, the share of
    // one of several processes; they are the same as in the whole batch.
    int part = 0, parts = 1;
};

struct Batch {
    Tensor images;  // [batch, size, size, 3], f32, normalised RGB, on the CPU; undefined when raw
    Tensor pixels;  // [batch, size, size, 3], u8, RGB as decoded, on the CPU; defined when raw
    Tensor draws;   // [batch, sizeof(AugmentationDraw)], u8, on the CPU; defined when raw
    Tensor labels;  // [batch], i64
    std::vector<size_t> indices;  // the rows of the data set
};

// The batches are the same bytes whatever the number of threads: sample i of epoch e is a function of (seed,
// e, i).
class DataLoader {
  public:
    // The data set must outlive the loader. Error for numbers out of range.
    DataLoader(const FaceDataset& dataset, const LoaderOptions& options);
    ~DataLoader();
    DataLoader(const DataLoader&) = delete;
    DataLoader& operator=(const DataLoader&) = delete;

    // Begins an epoch at its batch `first_batch` (from 0; batches() is its end), the batches before it being
    // neither read nor decoded; what was left of another epoch is dropped. Error for a batch out of range.
    void start(int64_t epoch, int64_t first_batch = 0);
    // The next batch of the epoch, nothing at its end. A picture that cannot be read throws its Error here.
    [[nodiscard]] std::optional<Batch> next();

    [[nodiscard]] int64_t batches() const;   // in an epoch
    [[nodiscard]] int64_t pictures() const;  // in an epoch, after sampling and dropping
    [[nodiscard]] const FaceDataset& dataset() const { return dataset_; }

  private:
    struct State;
    const FaceDataset& dataset_;
    std::unique_ptr<State> state_;
};

}  // namespace unmask
