// SPDX-License-Identifier: Apache-2.0
#include "data/loader.h"

#include <algorithm>
#include <condition_variable>
#include <cstring>
#include <deque>
#include <exception>
#include <mutex>
#include <thread>

#include "engine/error.h"

namespace unmask {

struct DataLoader::State {
    // A batch being filled.
    struct Slot {
        Batch batch;
        size_t first = 0;     // position of its first sample in the epoch
        size_t claimed = 0;   // samples that a worker has taken
        size_t finished = 0;  // samples that are done
        std::exception_ptr error;
        size_t error_sample = 0;
    };

    State(const FaceDataset& dataset, const LoaderOptions& options)
        : dataset(dataset), options(options), labels(dataset.labels()) {
        const size_t count = epoch_order(dataset.rows(), options.sampling, options.seed, 0).size();
        const size_t batch = size_t(options.batch);
        usable = options.drop_last && count > batch ? count / batch * batch : count;
        try {
            for (int i = 0; i < options.threads; ++i) workers.emplace_back([this] { work(); });
        } catch (const std::exception& error) {
            end_workers();
            fail("the loader: only {} of {} threads could be started: {}", workers.size(), options.threads,
                 error.what());
        }
    }
    ~State() { end_workers(); }

    void end_workers() {
        {
            const std::lock_guard lock(mutex);
            stopping = true;
        }
        work_ready.notify_all();
        for (std::thread& worker : workers) worker.join();
    }

    // Opens slots until enough batches are in preparation; the mutex is held.
    void schedule() {
        const auto size = int64_t(dataset.options().size);
        while (slots.size() < size_t(options.prefetch) && scheduled < usable) {
            const size_t count = std::min(size_t(options.batch), usable - scheduled);
            Slot& slot = slots.emplace_back();
            const size_t begin_of_part = count * size_t(options.part) / size_t(options.parts);
            const size_t own = count * size_t(options.part + 1) / size_t(options.parts) - begin_of_part;
            slot.first = scheduled + begin_of_part;
            const Shape shape{int64_t(own), size, size, 3};
            if (options.raw) {
                slot.batch.pixels = Tensor::empty(shape, DType::u8);
                slot.batch.draws =
                    Tensor::empty({int64_t(own), int64_t{sizeof(AugmentationDraw)}}, DType::u8);
            } else {
                slot.batch.images = Tensor::empty(shape);
            }
            slot.batch.labels = Tensor::empty({int64_t(own)}, DType::i64);
            const auto begin = order.begin() + std::ptrdiff_t(slot.first);
            slot.batch.indices.assign(begin, begin + std::ptrdiff_t(own));
            for (size_t i = 0; i < own; ++i)
                slot.batch.labels.data<int64_t>()[i] = labels[slot.batch.indices[i]];
            scheduled += count;
        }
        work_ready.notify_all();
    }

    Slot* open_slot() {
        const auto found = std::ranges::find_if(
            slots, [](const Slot& slot) { return slot.claimed < slot.batch.indices.size(); });
        return found == slots.end() ? nullptr : &*found;
    }

    void work() {
        std::unique_lock lock(mutex);
        for (;;) {
            work_ready.wait(lock, [&] { return stopping || open_slot() != nullptr; });
            if (stopping) return;
            Slot& slot =
                *open_slot();  // its address stays: a slot leaves only when all its samples are finished
            const size_t sample = slot.claimed++;
            lock.unlock();
            std::exception_ptr error;
            try {
                fill(slot, sample);
            } catch (...) {
                error = std::current_exception();
            }
            lock.lock();
            // Of several failures the first in the batch's order is told, whatever the timing.
            if (error && (!slot.error || sample < slot.error_sample)) {
                slot.error = error;
                slot.error_sample = sample;
            }
            ++slot.finished;
            batch_ready.notify_all();
        }
    }

    void fill(Slot& slot, size_t sample) const {
        const std::shared_ptr<const Image> image = dataset.image(slot.batch.indices[sample], epoch);
        if (options.raw) return fill_raw(slot, sample, *image);
        float* output = slot.batch.images.data<float>() + sample * image->pixels.size();
        if (!options.augmentation) return normalise(*image, options.normalisation, output);
        Image changed = *image;
        options.augmentation->apply(changed, options.seed, epoch, slot.first + sample);
        normalise(changed, options.normalisation, output);
    }

    void fill_raw(Slot& slot, size_t sample, const Image& image) const {
        std::ranges::copy(image.pixels, slot.batch.pixels.data<uint8_t>() + sample * image.pixels.size());
        AugmentationDraw draw{};
        if (options.augmentation)
            draw = options.augmentation->draw(options.seed, epoch, slot.first + sample, image.width,
                                              image.height);
        std::memcpy(slot.batch.draws.data<uint8_t>() + sample * sizeof(draw), &draw, sizeof(draw));
    }

    // Waits until no worker is on a sample and forgets all batches; the mutex is held.
    void clear(std::unique_lock<std::mutex>& lock) {
        for (Slot& slot : slots) {
            slot.finished += slot.batch.indices.size() - slot.claimed;
            slot.claimed = slot.batch.indices.size();
        }
        batch_ready.wait(lock, [&] {
            return std::ranges::all_of(slots,
                                       [](const Slot& s) { return s.finished == s.batch.indices.size(); });
        });
        slots.clear();
    }

    const FaceDataset& dataset;
    const LoaderOptions options;
    const std::vector<int> labels;
    std::mutex mutex;
    std::condition_variable work_ready, batch_ready;
    std::deque<Slot> slots;  // in the order of the epoch
    std::vector<size_t> order;
    size_t usable = 0;     // positions of an epoch that belong to a batch
    size_t scheduled = 0;  // positions of this epoch that were put into slots
    int64_t epoch = 0;
    bool stopping = false;
    std::vector<std::thread> workers;
};

DataLoader::DataLoader(const FaceDataset& dataset, const LoaderOptions& options) : dataset_(dataset) {
    if (options.batch < 1) fail("a batch needs at least one picture, found batch = {}", options.batch);
    if (options.threads < 1) fail("the loader needs at least one thread, found {}", options.threads);
    if (options.prefetch < 1)
        fail("the loader prepares at least one batch, found prefetch = {}", options.prefetch);
    if (options.parts < 1 || options.part < 0 || options.part >= options.parts)
        fail("the loader's part of a batch: expected one of 0 to {}, found {}", options.parts - 1,
             options.part);
    state_ = std::make_unique<State>(dataset, options);
}

DataLoader::~DataLoader() = default;

void DataLoader::start(int64_t epoch, int64_t first_batch) {
    if (first_batch < 0 || first_batch > batches())
        fail("an epoch of {} batches cannot begin at batch {}", batches(), first_batch);
    std::unique_lock lock(state_->mutex);
    state_->clear(lock);
    state_->order = epoch_order(dataset_.rows(), state_->options.sampling, state_->options.seed, epoch);
    state_->epoch = epoch;
    state_->scheduled = std::min(size_t(first_batch) * size_t(state_->options.batch), state_->usable);
    state_->schedule();
}

std::optional<Batch> DataLoader::next() {
    std::unique_lock lock(state_->mutex);
    if (state_->slots.empty()) return {};
    State::Slot& slot = state_->slots.front();
    state_->batch_ready.wait(lock, [&] { return slot.finished == slot.batch.indices.size(); });
    if (slot.error) std::rethrow_exception(slot.error);
    Batch batch = std::move(slot.batch);
    state_->slots.pop_front();
    state_->schedule();
    return batch;
}

int64_t DataLoader::batches() const {
    const size_t batch = size_t(state_->options.batch);
    return int64_t((state_->usable + batch - 1) / batch);
}

int64_t DataLoader::pictures() const {
    return int64_t(state_->usable);
}

}  // namespace unmask
