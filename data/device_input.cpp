// SPDX-License-Identifier: Apache-2.0
#include "data/device_input.h"

#include <algorithm>
#include <numeric>
#include <utility>

#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

// What goes to the device besides the pictures.
struct Mixing {
    std::vector<int32_t> partner;
    float lambda;
};

Mixing mixing_of(size_t count, std::span<const size_t> partner, double lambda) {
    Mixing result{std::vector<int32_t>(count), partner.empty() ? 1.0f : float(lambda)};
    std::iota(result.partner.begin(), result.partner.end(), 0);
    std::ranges::copy(partner, result.partner.begin());
    return result;
}

}  // namespace

DeviceInput::DeviceInput(const DeviceInputOptions& options)
    : options_(options),
      params_{.mean = options.normalisation.mean, .deviation = options.normalisation.deviation} {
    if (options.channels != 3 && options.channels != 4 && options.channels != 8)
        fail("the device's input expected 3, 4 or 8 channels, found {}", options.channels);
    if (options.dtype != DType::f32 && options.dtype != DType::bf16)
        fail("the device's input expected f32 or bf16, found {}", name_of(options.dtype));
    params_.quantiles = Tensor::from<float>({4096}, normal_quantiles(), options.device);
}

size_t DeviceInput::place_of(const Batch& batch, std::span<const size_t> partner) {
    if (!batch.pixels.defined() || !batch.draws.defined())
        fail("the device's input expected a raw batch, found one without pixels and draws");
    const Shape& shape = batch.pixels.shape();
    const size_t count = size_t(shape[0]);
    if (!partner.empty() && partner.size() != count)
        fail("the device's input expected {} partners, found {}", count, partner.size());
    for (const size_t other : partner)
        if (other >= count) fail("the device's input expected partners below {}, found {}", count, other);
    const size_t place = size_t(std::ranges::find(places_, shape, &Place::shape) - places_.begin());
    if (place == places_.size()) add_place(batch);
    return place;
}

// Both places for the pictures at once, so that copies to the second never wait for the work on the first.
void DeviceInput::add_place(const Batch& batch) {
    const Device device = options_.device;
    const Shape& shape = batch.pixels.shape();
    Place& place = places_.emplace_back();
    place.shape = shape;
    place.images = Tensor::empty({shape[0], shape[1], shape[2], options_.channels}, options_.dtype, device);
    for (Pictures& pictures : place.pictures) {
        pictures = {.pixels = Tensor::empty(shape, DType::u8, device),
                    .draws = Tensor::empty(batch.draws.shape(), DType::u8, device),
                    .partner = Tensor::empty({shape[0]}, DType::i32, device),
                    .lambda = Tensor::empty({1}, DType::f32, device),
                    .upload = context_of(device)->make_upload()};
        pictures.upload->release();
    }
}

void DeviceInput::upload(const Batch& batch, std::span<const size_t> partner, double lambda) {
    current_ = place_of(batch, partner);
    Place& place = places_[current_];
    Pictures& pictures = place.pictures[place.current];
    const Mixing mixing = mixing_of(size_t(place.shape[0]), partner, lambda);
    pictures.pixels.copy_from(batch.pixels);
    pictures.draws.copy_from(batch.draws);
    pictures.partner.copy_from(Tensor::from<int32_t>({place.shape[0]}, mixing.partner));
    pictures.lambda.copy_from(Tensor::full({1}, mixing.lambda));
}

void DeviceInput::upload_ahead(const Batch& batch, std::span<const size_t> partner, double lambda) {
    ahead_ = place_of(batch, partner);
    Place& place = places_[*ahead_];
    const Pictures& pictures = place.pictures[1 - place.current];
    const Mixing mixing = mixing_of(size_t(place.shape[0]), partner, lambda);
    const auto send = [&](const Tensor& target, const void* source) {
        pictures.upload->copy(target.raw(), source, target.bytes());
    };
    send(pictures.pixels, batch.pixels.raw());
    send(pictures.draws, batch.draws.raw());
    send(pictures.partner, mixing.partner.data());
    send(pictures.lambda, &mixing.lambda);
}

void DeviceInput::take() {
    UNMASK_ASSERT(ahead_.has_value());  // a batch was uploaded ahead
    current_ = *std::exchange(ahead_, std::nullopt);
    Place& place = places_[current_];
    // All that reads the other one has been given to the device.
    place.pictures[place.current].upload->release();
    place.current = 1 - place.current;
    place.pictures[place.current].upload->arrive();
}

const Tensor& DeviceInput::compute() {
    UNMASK_ASSERT(current_ < places_.size());  // a batch was uploaded
    Place& place = places_[current_];
    const Pictures& pictures = place.pictures[place.current];
    AugmentParams params = params_;
    params.partner = pictures.partner;
    params.lambda = pictures.lambda;
    augment(pictures.pixels, pictures.draws, place.images, params);
    return place.images;
}

}  // namespace unmask
