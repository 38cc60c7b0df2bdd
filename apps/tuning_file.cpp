// SPDX-License-Identifier: Apache-2.0
#include "apps/tuning_file.h"

#include <utility>

#include "apps/output_files.h"
#include "data/file_magic.h"
#include "engine/atomic_file.h"
#include "engine/context.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr uintmax_t most_bytes = uintmax_t{64} << 20;

}  // namespace

TuningFile::TuningFile(std::filesystem::path path, Device device) : path_(std::move(path)), device_(device) {
    if (path_.empty()) return;
    if (path_ == "-") fail("--tuning: expected a file, found -");
    if (device.type == DeviceType::cpu)
        fail("--tuning: expected a GPU (--device cuda), found the CPU, where no algorithms are timed");
    check_answer_target(path_.string());
    if (!std::filesystem::exists(path_)) return;
    const std::vector<uint8_t> text = read_file(path_, most_bytes);
    std::string notice;
    try {
        notice = context_of(device)->set_tuning(std::string(text.begin(), text.end()));
    } catch (const Error& error) {
        fail("{}: {}", path_.string(), error.what());
    }
    if (!notice.empty()) fail("{}: {}; name another file", path_.string(), notice);
}

void TuningFile::keep() const {
    if (path_.empty()) return;
    const std::string text = context_of(device_)->tuning();
    if (!text.empty()) write_file_atomically(path_, text);
}

}  // namespace unmask
