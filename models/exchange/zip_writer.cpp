// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/zip_writer.h"

#include <algorithm>

#include "models/exchange/crc32.h"
#include "models/exchange/zip_format.h"

namespace unmask {
namespace {

using namespace zip;

constexpr uint64_t alignment = 64;
constexpr uint16_t padding_extra = 0x4246;  // "FB", the id that PyTorch pads with
constexpr uint16_t date_1980 = 1 << 5 | 1;  // the first day that zip knows

// Appends numbers of so many bytes, little-endian.
struct Record {
    std::string text;
    template <class Number>
    Record& add(Number number) {
        for (size_t i = 0; i < sizeof(Number); ++i) text += static_cast<char>(uint64_t{number} >> (8 * i));
        return *this;
    }
};

uint32_t or_none(uint64_t number) {
    return static_cast<uint32_t>(std::min<uint64_t>(number, none32));
}

}  // namespace

void ZipWriter::put(std::string_view bytes) {
    out_.write(bytes.data(), static_cast<std::streamsize>(bytes.size()));
    written_ += bytes.size();
}

void ZipWriter::add(const std::string& name, std::string_view bytes) {
    Crc32 checksum;
    checksum.add(bytes.data(), bytes.size());
    const Entry entry{name, written_, bytes.size(), checksum.value()};
    Record extra;
    if (bytes.size() >= none32) extra.add(zip64_extra).add(uint16_t{16}).add(entry.bytes).add(entry.bytes);
    const uint64_t unpadded = written_ + local_bytes + name.size() + extra.text.size() + 4;
    const uint64_t padding = (alignment - unpadded % alignment) % alignment;
    extra.add(padding_extra).add(static_cast<uint16_t>(padding)).text.append(padding, 'Z');
    Record header;
    header.add(local_signature).add(version_zip64).add(flag_utf8).add(stored).add(uint16_t{0}).add(date_1980);
    header.add(entry.checksum).add(or_none(entry.bytes)).add(or_none(entry.bytes));
    header.add(static_cast<uint16_t>(name.size())).add(static_cast<uint16_t>(extra.text.size()));
    put(header.text + name + extra.text);
    put(bytes);
    entries_.push_back(entry);
}

void ZipWriter::finish() {
    const uint64_t offset = written_;
    for (const Entry& entry : entries_) {
        Record numbers;  // in the order of the zip64 extra field
        if (entry.bytes >= none32) numbers.add(entry.bytes).add(entry.bytes);
        if (entry.offset >= none32) numbers.add(entry.offset);
        Record extra;
        if (!numbers.text.empty()) {
            extra.add(zip64_extra).add(static_cast<uint16_t>(numbers.text.size()));
            extra.text += numbers.text;
        }
        Record header;
        header.add(central_signature).add(version_zip64).add(version_zip64).add(flag_utf8).add(stored);
        header.add(uint16_t{0}).add(date_1980).add(entry.checksum);
        header.add(or_none(entry.bytes)).add(or_none(entry.bytes));
        header.add(static_cast<uint16_t>(entry.name.size())).add(static_cast<uint16_t>(extra.text.size()));
        header.add(uint16_t{0}).add(uint16_t{0}).add(uint16_t{0}).add(uint32_t{0}).add(or_none(entry.offset));
        put(header.text + entry.name + extra.text);
    }
    const uint64_t bytes = written_ - offset, count = entries_.size(), zip64_end = written_;
    if (count >= none16 || bytes >= none32 || offset >= none32) {
        Record end;
        end.add(zip64_end_signature).add(zip64_end_bytes - 12).add(version_zip64).add(version_zip64);
        end.add(uint32_t{0}).add(uint32_t{0}).add(count).add(count).add(bytes).add(offset);
        end.add(zip64_locator_signature).add(uint32_t{0}).add(zip64_end).add(uint32_t{1});
        put(end.text);
    }
    const auto short_count = static_cast<uint16_t>(std::min<uint64_t>(count, none16));
    Record end;
    end.add(end_signature).add(uint16_t{0}).add(uint16_t{0}).add(short_count).add(short_count);
    end.add(or_none(bytes)).add(or_none(offset)).add(uint16_t{0});
    put(end.text);
}

}  // namespace unmask
