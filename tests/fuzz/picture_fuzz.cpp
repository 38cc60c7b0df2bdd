// SPDX-License-Identifier: Apache-2.0
// A picture of any format, with the checksums that the input has and with right ones. Those of more than a
// million pixels are left to the tests: they cost time and take no other way.
#include "data/picture.h"
#include "data/picture_header.h"
#include "tests/fuzz/checksums.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

constexpr int64_t most_pixels = 1'000'000;

void read(std::span<const uint8_t> bytes) {
    using namespace unmask;
    const PictureHeader header = read_picture_header(bytes);
    if (header.width > 0 && header.height > most_pixels / header.width) return;
    fuzz::read_or_refuse([&] {
        const Image image = read_picture_from_memory(bytes);
        UNMASK_ASSERT(image.pixels.size() == size_t(image.width) * size_t(image.height) * 3);
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    read({data, size});
    read(unmask::fuzz::with_png_checksums({data, size}));
    return 0;
}
