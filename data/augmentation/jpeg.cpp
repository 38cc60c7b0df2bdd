// SPDX-License-Identifier: Apache-2.0
// Compression as JPEG and back, with a quality drawn between `quality` and 100.
#include <cmath>

#include "data/augmentation/augmentation.h"
#include "data/picture.h"

namespace unmask {

void augment_jpeg(Image& image, std::span<const double> parameters, double strength, PhiloxSequence& random) {
    if (strength <= 0) return;
    const double lowest = 100 - (100 - parameters[0]) * strength;
    const int quality = int(std::lround(random.uniform(lowest, 100)));
    image = read_picture_from_memory(encode_jpeg(image, quality), "an augmented picture");
}

}  // namespace unmask
