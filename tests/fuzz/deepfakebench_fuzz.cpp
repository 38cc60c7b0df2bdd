// SPDX-License-Identifier: Apache-2.0
// DeepfakeBench's JSON.
#include "data/lists/import.h"
#include "data/lists/listed_video.h"
#include "tests/fuzz/fuzz_input.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    using namespace unmask;
    const auto file = fuzz::as_file("FaceForensics++.json", data, size);
    fuzz::read_or_refuse([&] { static_cast<void>(read_deepfakebench(file, "")); });
    fuzz::read_or_refuse([&] {
        ListImportOptions options;
        options.inputs = {file};
        options.manifest = file.parent_path() / "faces.csv";
        static_cast<void>(import_lists(options));
    });
    return 0;
}
