// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/zip_reader.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <vector>

#include "engine/error.h"
#include "models/exchange/crc32.h"
#include "models/exchange/zip_format.h"

namespace unmask {
namespace {

using namespace zip;

// A number of `sizeof(Number)` bytes within `text`, whose length was checked.
template <class Number>
Number number_at(const std::string& text, uint64_t place) {
    Number number{};
    UNMASK_ASSERT(place + sizeof(Number) <= text.size());
    std::memcpy(&number, text.data() + place, sizeof(Number));
    return number;
}

bool leads_out(const std::string& name) {
    if (name.empty() || name.front() == '/' || name.find('\\') != std::string::npos ||
        name.find('\0') != std::string::npos)
        return true;
    for (size_t begin = 0; begin <= name.size();) {
        const size_t end = std::min(name.find('/', begin), name.size());
        if (name.compare(begin, end - begin, "..") == 0) return true;
        begin = end + 1;
    }
    return false;
}

// What the zip64 extra field says in the place of numbers that are all ones.
struct Zip64 {
    uint64_t& bytes;
    uint64_t& stored_bytes;
    uint64_t& offset;
};

// False when a number is asked for that the fields do not have.
bool read_zip64_extra(const std::string& extra, const Zip64& numbers) {
    std::vector<uint64_t*> wanted;
    for (uint64_t* number : {&numbers.bytes, &numbers.stored_bytes, &numbers.offset})
        if (*number == none32) wanted.push_back(number);
    if (wanted.empty()) return true;
    for (uint64_t place = 0; place + 4 <= extra.size();) {
        const uint64_t length = number_at<uint16_t>(extra, place + 2);
        if (length > extra.size() - place - 4) return false;
        if (number_at<uint16_t>(extra, place) == zip64_extra) {
            if (length < wanted.size() * 8) return false;
            for (size_t i = 0; i < wanted.size(); ++i)
                *wanted[i] = number_at<uint64_t>(extra, place + 4 + 8 * i);
            return true;
        }
        place += 4 + length;
    }
    return false;
}

}  // namespace

ZipReader::ZipReader(const std::filesystem::path& path) : file_(path.string()) {
    errno = 0;
    stream_.open(path, std::ios::binary);
    if (!stream_) fail("{}: cannot be opened: {}", file_, std::strerror(errno));
    std::error_code unreadable;
    file_bytes_ = std::filesystem::file_size(path, unreadable);
    if (unreadable) fail("{}: cannot be read: {}", file_, unreadable.message());
    read_directory(find_directory());
    check_overlaps();
}

std::string ZipReader::bytes_at(uint64_t offset, uint64_t count, const char* what) {
    if (offset > file_bytes_ || count > file_bytes_ - offset)
        fail("{}: the zip archive is damaged or cut off: expected {} of {} bytes at {}, found a file of {}",
             file_, what, count, offset, file_bytes_);
    std::string bytes(count, '\0');
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(offset));
    stream_.read(bytes.data(), static_cast<std::streamsize>(count));
    if (static_cast<uint64_t>(stream_.gcount()) != count) fail("{}: {} cannot be read", file_, what);
    return bytes;
}

ZipReader::Directory ZipReader::find_directory() {
    const uint64_t tail_bytes = std::min(file_bytes_, end_bytes + longest_comment);
    const std::string tail = bytes_at(file_bytes_ - tail_bytes, tail_bytes, "an end record");
    for (uint64_t place = tail_bytes >= end_bytes ? tail_bytes - end_bytes + 1 : 0; place-- > 0;) {
        if (number_at<uint32_t>(tail, place) != end_signature) continue;
        Directory directory{number_at<uint32_t>(tail, place + 16), number_at<uint32_t>(tail, place + 12),
                            number_at<uint16_t>(tail, place + 10)};
        if (directory.entries == none16 || directory.bytes == none32 || directory.offset == none32)
            read_zip64_end(file_bytes_ - tail_bytes + place, directory);
        if (directory.entries > directory.bytes / central_bytes)
            fail("{}: the zip archive is damaged: {} entries in a directory of {} bytes", file_,
                 directory.entries, directory.bytes);
        return directory;
    }
    fail("{}: not a zip archive, or cut off: it has no end record", file_);
}

void ZipReader::read_zip64_end(uint64_t end_offset, Directory& directory) {
    if (end_offset < zip64_locator_bytes) fail("{}: the zip archive is damaged: no zip64 locator", file_);
    const std::string locator =
        bytes_at(end_offset - zip64_locator_bytes, zip64_locator_bytes, "a zip64 locator");
    if (number_at<uint32_t>(locator, 0) != zip64_locator_signature)
        fail("{}: the zip archive is damaged: no zip64 locator", file_);
    const std::string end = bytes_at(number_at<uint64_t>(locator, 8), zip64_end_bytes, "a zip64 end record");
    if (number_at<uint32_t>(end, 0) != zip64_end_signature)
        fail("{}: the zip archive is damaged: no zip64 end record", file_);
    directory = {number_at<uint64_t>(end, 48), number_at<uint64_t>(end, 40), number_at<uint64_t>(end, 32)};
}

void ZipReader::read_directory(const Directory& directory) {
    const std::string text = bytes_at(directory.offset, directory.bytes, "a directory");
    uint64_t place = 0;
    for (uint64_t i = 0; i < directory.entries; ++i) {
        if (text.size() - place < central_bytes || number_at<uint32_t>(text, place) != central_signature)
            fail("{}: the zip archive is damaged: expected {} entries, found {}", file_, directory.entries,
                 i);
        const uint64_t name_bytes = number_at<uint16_t>(text, place + 28),
                       extra_bytes = number_at<uint16_t>(text, place + 30),
                       comment_bytes = number_at<uint16_t>(text, place + 32);
        if (name_bytes + extra_bytes + comment_bytes > text.size() - place - central_bytes)
            fail("{}: the zip archive is damaged: entry {} reaches beyond the directory", file_, i + 1);
        const std::string name = text.substr(place + central_bytes, name_bytes);
        if (leads_out(name)) fail("{}: the zip archive has an entry that leads out of it: '{}'", file_, name);
        uint64_t stored_bytes = number_at<uint32_t>(text, place + 20),
                 bytes = number_at<uint32_t>(text, place + 24),
                 local_offset = number_at<uint32_t>(text, place + 42);
        if (!read_zip64_extra(text.substr(place + central_bytes + name_bytes, extra_bytes),
                              {bytes, stored_bytes, local_offset}))
            fail("{}: the zip archive is damaged: '{}' lacks its zip64 sizes", file_, name);
        const uint16_t flags = number_at<uint16_t>(text, place + 8),
                       method = number_at<uint16_t>(text, place + 10);
        if ((flags & flag_encrypted) != 0) fail("{}: '{}' is encrypted", file_, name);
        if (method != stored || stored_bytes != bytes)
            fail("{}: '{}' is compressed (method {}, {} bytes of {}); PyTorch stores entries as they are",
                 file_, name, method, stored_bytes, bytes);
        const Entry entry{data_offset(name, local_offset), bytes, number_at<uint32_t>(text, place + 16)};
        if (entry.bytes > file_bytes_ - entry.offset)
            fail("{}: the zip archive is damaged or cut off: '{}' has {} bytes at {}, the file {}", file_,
                 name, bytes, entry.offset, file_bytes_);
        if (!entries_.emplace(name, entry).second) fail("{}: the zip archive has '{}' twice", file_, name);
        place += central_bytes + name_bytes + extra_bytes + comment_bytes;
    }
}

uint64_t ZipReader::data_offset(const std::string& name, uint64_t local_offset) {
    const std::string header = bytes_at(local_offset, local_bytes, "an entry's header");
    if (number_at<uint32_t>(header, 0) != local_signature)
        fail("{}: the zip archive is damaged: '{}' has no header at {}", file_, name, local_offset);
    const uint64_t offset =
        local_offset + local_bytes + number_at<uint16_t>(header, 26) + number_at<uint16_t>(header, 28);
    if (offset > file_bytes_) fail("{}: the zip archive is cut off in the header of '{}'", file_, name);
    return offset;
}

void ZipReader::check_overlaps() const {
    std::vector<std::pair<const std::string*, Entry>> in_order;
    for (const auto& [name, entry] : entries_)
        if (entry.bytes > 0) in_order.emplace_back(&name, entry);
    std::ranges::sort(in_order, {}, [](const auto& item) { return item.second.offset; });
    for (size_t i = 1; i < in_order.size(); ++i) {
        const Entry& before = in_order[i - 1].second;
        if (in_order[i].second.offset < before.offset + before.bytes)
            fail("{}: the zip archive is damaged: '{}' and '{}' lie over each other", file_,
                 *in_order[i - 1].first, *in_order[i].first);
    }
}

void ZipReader::read(const std::string& name, const Entry& entry, void* target) {
    stream_.clear();
    stream_.seekg(static_cast<std::streamoff>(entry.offset));
    stream_.read(static_cast<char*>(target), static_cast<std::streamsize>(entry.bytes));
    if (static_cast<uint64_t>(stream_.gcount()) != entry.bytes) fail("{}: '{}' cannot be read", file_, name);
    Crc32 checksum;
    checksum.add(target, entry.bytes);
    if (checksum.value() != entry.checksum)
        fail("{}: '{}' is damaged: expected the checksum {:08x}, found {:08x}", file_, name, entry.checksum,
             checksum.value());
}

std::string ZipReader::read_text(const std::string& name, const Entry& entry, uint64_t most) {
    if (entry.bytes > most)
        fail("{}: '{}': expected at most {} bytes, found {}", file_, name, most, entry.bytes);
    std::string text(entry.bytes, '\0');
    read(name, entry, text.data());
    return text;
}

}  // namespace unmask
