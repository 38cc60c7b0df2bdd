// SPDX-License-Identifier: Apache-2.0
#include "apps/tensorboard/event_file.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <bit>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

#include "apps/tensorboard/crc32c.h"
#include "engine/error.h"

namespace unmask {
namespace {

static_assert(std::endian::native == std::endian::little, "numbers are written as they lie in memory");

template <class Number>
std::string bytes_of_number(Number number) {
    std::string bytes(sizeof(number), '\0');
    std::memcpy(bytes.data(), &number, sizeof(number));
    return bytes;
}

// Seven bits a byte from the lowest, the highest bit set in all but the last.
std::string varint(uint64_t number) {
    std::string bytes;
    for (; number >= 0x80; number >>= 7) bytes += char((number & 0x7F) | 0x80);
    return bytes + char(number);
}

// A field's number and wire type: 0 varint, 1 eight bytes, 2 length and bytes, 5 four bytes.
std::string field(uint32_t number, uint32_t type) {
    return varint(uint64_t{number} << 3 | type);
}
std::string text_field(uint32_t number, std::string_view bytes) {
    return field(number, 2) + varint(bytes.size()) + std::string(bytes);
}

double wall_time() {
    return std::chrono::duration<double>(std::chrono::system_clock::now().time_since_epoch()).count();
}

std::string event(std::optional<int64_t> step, std::string_view content) {
    std::string bytes = field(1, 1) + bytes_of_number(wall_time());
    if (step) bytes += field(2, 0) + varint(uint64_t(*step));
    return bytes + std::string(content);
}

// The latest second among the names of the folder's event files; 0 without any.
int64_t latest_second(const std::filesystem::path& folder) {
    int64_t latest = 0;
    std::error_code error;
    for (const auto& entry : std::filesystem::directory_iterator(folder, error)) {
        const std::string name = entry.path().filename().string();
        if (!name.starts_with(event_file_prefix)) continue;
        int64_t second = 0;
        std::from_chars(name.data() + event_file_prefix.size(), name.data() + name.size(), second);
        latest = std::max(latest, second);
    }
    return latest;
}

}  // namespace

bool has_event_files(const std::filesystem::path& folder) {
    return latest_second(folder) > 0;
}

EventFile::EventFile(const std::filesystem::path& folder, std::optional<int64_t> restart_step) {
    const int64_t second = std::max(int64_t(wall_time()), latest_second(folder) + 1);
    path_ = folder / fmt::format("{}{:010}.unmask", event_file_prefix, second);
    descriptor_ = ::open(path_.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0644);
    if (descriptor_ < 0) fail("{}: cannot be written: {}", path_.string(), std::strerror(errno));
    try {
        write(event({}, text_field(3, "brain.Event:2")));
        if (restart_step) write(event(restart_step, text_field(7, field(1, 0) + varint(1))));
    } catch (...) {
        ::close(descriptor_);
        throw;
    }
}

EventFile::~EventFile() {
    ::close(descriptor_);
}

void EventFile::add(int64_t step, std::span<const Scalar> scalars) {
    std::string summary;
    for (const Scalar& scalar : scalars)
        summary +=
            text_field(1, text_field(1, scalar.tag) + field(2, 5) + bytes_of_number(float(scalar.value)));
    write(event(step, text_field(5, summary)));
}

void EventFile::write(std::string_view data) {
    const std::string length = bytes_of_number(uint64_t(data.size()));
    std::string record = length + bytes_of_number(masked_crc32c(length)) + std::string(data) +
                         bytes_of_number(masked_crc32c(data));
    for (std::string_view rest = record; !rest.empty();) {
        const ssize_t written = ::write(descriptor_, rest.data(), rest.size());
        if (written < 0 && errno == EINTR) continue;
        if (written < 0) fail("{}: writing failed: {}", path_.string(), std::strerror(errno));
        rest.remove_prefix(size_t(written));
    }
}

}  // namespace unmask
