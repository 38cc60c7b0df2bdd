// SPDX-License-Identifier: Apache-2.0
// A PyTorch file of either format, with the checksums that the input has and with right ones, and the input
// as the pickle of an archive that is sound otherwise.
#include <sstream>

#include "models/exchange/import.h"
#include "models/exchange/state_dict.h"
#include "models/exchange/zip_writer.h"
#include "tests/fuzz/checksums.h"
#include "tests/fuzz/fuzz_input.h"

namespace {

void read_file(std::span<const uint8_t> bytes) {
    using namespace unmask;
    const auto file = fuzz::as_file("model.pth", bytes.data(), bytes.size());
    fuzz::read_or_refuse([&] {
        // Every element is looked at, so that a tensor beyond its memory is noticed.
        for (const auto& [name, tensor] : read_state_dict(file).tensors)
            static_cast<void>(tensor.to_doubles());
    });
    fuzz::read_or_refuse(
        [&] { static_cast<void>(import_detector(file, {.backbone = "mobilenet_v1", .width = 0.01})); });
}

void read_pickle(std::string_view pickle) {
    std::ostringstream out;
    unmask::ZipWriter archive(out);
    archive.add("a/data.pkl", pickle);
    archive.add("a/data/0", std::string(64, '\1'));
    archive.add("a/data/1", std::string(8, '\2'));
    archive.finish();
    const std::string bytes = out.str();
    read_file({reinterpret_cast<const uint8_t*>(bytes.data()), bytes.size()});
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
    read_file({data, size});
    if (size > 4 && data[0] == 'P' && data[1] == 'K')
        read_file(unmask::fuzz::with_zip_checksums({data, size}));
    else
        read_pickle({reinterpret_cast<const char*>(data), size});
    return 0;
}
