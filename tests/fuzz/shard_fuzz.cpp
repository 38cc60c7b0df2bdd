// SPDX-License-Identifier: Apache-2.0
// A packed shard and every picture in it, with the checksums that the input has and with right ones.
#include "data/shard/shard.h"
#include "tests/fuzz/checksums.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

void read_shard(std::span<const uint8_t> bytes) {
    using namespace unmask;
    const auto file = fuzz::as_file("faces.shard", bytes.data(), bytes.size());
    fuzz::read_or_refuse([&] {
        const Shard shard(file);
        static_cast<void>(shard.settings());
        for (const ManifestRow& row : shard.manifest().rows) {
            fuzz::read_or_refuse([&] { static_cast<void>(shard.landmarks(row.path)); });
            fuzz::read_or_refuse([&] { static_cast<void>(shard.picture_file(row.path)); });
            fuzz::read_or_refuse([&] { static_cast<void>(shard.picture(row.path)); });
        }
    });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    read_shard({data, size});
    read_shard(unmask::fuzz::with_shard_checksums({data, size}));
    return 0;
}
