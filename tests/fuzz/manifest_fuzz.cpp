// SPDX-License-Identifier: Apache-2.0
// A manifest; one that is read is written and read back alike.
#include "data/manifest.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace unmask;
    const auto file = fuzz::as_file("faces.csv", data, size);
    fuzz::read_or_refuse([&] {
        const Manifest manifest = read_manifest(file);
        Manifest again;
        try {
            again = parse_manifest(manifest_text(manifest), "again.csv");
        } catch (const Error&) {
            UNMASK_ASSERT(!"what was written is not read");
        }
        UNMASK_ASSERT(again.rows == manifest.rows);
    });
    return 0;
}
