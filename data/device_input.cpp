// SPDX-License-Identifier: Apache-2.0
#include "data/device_input.h"

#include <algorithm>
#include <numeric>

#include "engine/error.h"

namespace unmask {

DeviceInput::DeviceInput(const DeviceInputOptions& options)
    : options_(options),
      params_{.mean = options.normalisation.mean, .deviation = options.normalisation.deviation} {
    if (options.channels != 3 && options.channels != 4 && options.channels != 8)
        fail("the device's input expected 3, 4 or 8 channels, found {}", options.channels);
    if (options.dtype != DType::f32 && options.dtype != DType::bf16)
        fail("the device's input expected f32 or bf16, found {}", name_of(options.dtype));
    params_.quantiles = Tensor::from<float>({4096}, normal_quantiles(), options.device);
}

void DeviceInput::upload(const Batch& batch, std::span<const size_t> partner, double lambda) {
    if (!batch.pixels.defined() || !batch.draws.defined())
        fail("the device's input expected a raw batch, found one without pixels and draws");
    const Shape& shape = batch.pixels.shape();
    const size_t count = size_t(shape[0]);
    if (!partner.empty() && partner.size() != count)
        fail("the device's input expected {} partners, found {}", count, partner.size());
    for (const size_t other : partner)
        if (other >= count) fail("the device's input expected partners below {}, found {}", count, other);

    current_ = size_t(std::ranges::find(places_, shape, [](const Place& p) { return p.pixels.shape(); }) -
                      places_.begin());
    if (current_ == places_.size()) {
        const Device device = options_.device;
        places_.push_back({.pixels = Tensor::empty(shape, DType::u8, device),
                           .draws = Tensor::empty(batch.draws.shape(), DType::u8, device),
                           .partner = Tensor::empty({shape[0]}, DType::i32, device),
                           .lambda = Tensor::empty({1}, DType::f32, device),
                           .images = Tensor::empty({shape[0], shape[1], shape[2], options_.channels},
                                                   options_.dtype, device)});
    }
    Place& place = places_[current_];
    place.pixels.copy_from(batch.pixels);
    place.draws.copy_from(batch.draws);
    std::vector<int32_t> others(count);
    std::iota(others.begin(), others.end(), 0);
    std::ranges::copy(partner, others.begin());
    place.partner.copy_from(Tensor::from<int32_t>({shape[0]}, others));
    place.lambda.copy_from(Tensor::full({1}, partner.empty() ? 1.0 : lambda));
}

const Tensor& DeviceInput::compute() {
    UNMASK_ASSERT(current_ < places_.size());  // a batch was uploaded
    Place& place = places_[current_];
    AugmentParams params = params_;
    params.partner = place.partner;
    params.lambda = place.lambda;
    augment(place.pixels, place.draws, place.images, params);
    return place.images;
}

}  // namespace unmask
