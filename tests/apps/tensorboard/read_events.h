// SPDX-License-Identifier: Apache-2.0
// Reads event files for tests, written apart from the writer: the checksum bit by bit, the messages field by
// field. Whatever does not fit ends in an exception.
#pragma once

#include <cmath>
#include <cstdint>
#include <cstring>
#include <filesystem>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

#include "tests/support/file_bytes.h"

namespace unmask {

struct ReadEvent {
    double wall_time = 0;
    int64_t step = 0;
    std::string file_version;
    bool session_start = false;
    std::vector<std::pair<std::string, float>> scalars;
};

namespace reading {

inline uint32_t checksum(const std::string& bytes) {
    uint32_t value = ~0u;
    for (const char byte : bytes)
        for (int bit = 0; bit < 8; ++bit) {
            const bool odd = ((value ^ (uint32_t(uint8_t(byte)) >> bit)) & 1u) != 0;
            value = (value >> 1) ^ (odd ? 0x82F63B78u : 0u);
        }
    value = ~value;
    return ((value >> 15) | (value << 17)) + 0xA282EAD8u;
}

class Bytes {
  public:
    explicit Bytes(std::string bytes) : bytes_(std::move(bytes)) {}
    [[nodiscard]] bool end() const { return at_ == bytes_.size(); }
    std::string take(uint64_t count) {
        if (count > bytes_.size() - at_) throw std::runtime_error("an event file ends too early");
        at_ += count;
        return bytes_.substr(at_ - count, count);
    }
    template <class Number>
    Number number() {
        Number value;
        std::memcpy(&value, take(sizeof(value)).data(), sizeof(value));
        return value;
    }
    uint64_t varint() {
        uint64_t value = 0;
        for (int shift = 0;; shift += 7) {
            const auto byte = uint8_t(take(1)[0]);
            value |= uint64_t(byte & 0x7Fu) << shift;
            if (byte < 0x80) return value;
            if (shift > 56) throw std::runtime_error("a varint is too long");
        }
    }
    std::string text() { return take(varint()); }

  private:
    std::string bytes_;
    uint64_t at_ = 0;
};

inline std::pair<std::string, float> read_value(const std::string& message) {
    std::pair<std::string, float> value;
    for (Bytes bytes(message); !bytes.end();) {
        switch (bytes.varint()) {
            case 1 << 3 | 2:
                value.first = bytes.text();
                break;
            case 2 << 3 | 5:
                value.second = bytes.number<float>();
                break;
            default:
                throw std::runtime_error("an unknown field of Summary.Value");
        }
    }
    return value;
}

inline ReadEvent read_event(const std::string& message) {
    ReadEvent event;
    for (Bytes bytes(message); !bytes.end();) {
        switch (bytes.varint()) {
            case 1 << 3 | 1:
                event.wall_time = bytes.number<double>();
                break;
            case 2 << 3 | 0:
                event.step = int64_t(bytes.varint());
                break;
            case 3 << 3 | 2:
                event.file_version = bytes.text();
                break;
            case 5 << 3 | 2:
                for (Bytes summary(bytes.text()); !summary.end();) {
                    if (summary.varint() != (1 << 3 | 2))
                        throw std::runtime_error("an unknown field of Summary");
                    event.scalars.push_back(read_value(summary.text()));
                }
                break;
            case 7 << 3 | 2:
                event.session_start = bytes.text() == "\x08\x01";
                break;
            default:
                throw std::runtime_error("an unknown field of Event");
        }
    }
    return event;
}

}  // namespace reading

inline std::vector<ReadEvent> read_events(const std::filesystem::path& path) {
    std::vector<ReadEvent> events;
    for (reading::Bytes bytes(bytes_of(path)); !bytes.end();) {
        const std::string length = bytes.take(8);
        if (bytes.number<uint32_t>() != reading::checksum(length))
            throw std::runtime_error("a length's checksum is wrong");
        uint64_t count = 0;
        std::memcpy(&count, length.data(), 8);
        const std::string data = bytes.take(count);
        if (bytes.number<uint32_t>() != reading::checksum(data))
            throw std::runtime_error("a record's checksum is wrong");
        events.push_back(reading::read_event(data));
    }
    return events;
}

}  // namespace unmask
