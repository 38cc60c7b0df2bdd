// SPDX-License-Identifier: Apache-2.0
#include "engine/safetensors.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cerrno>
#include <cstring>
#include <fstream>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <vector>

#include "engine/atomic_file.h"
#include "engine/checksum.h"
#include "engine/error.h"

namespace unmask {
namespace {

static_assert(std::endian::native == std::endian::little, "the format is little-endian");

using Json = nlohmann::json;
constexpr uint64_t largest_header = 100'000'000;  // the reference implementation's bound
constexpr size_t data_alignment = 64;
constexpr const char* checksum_key = "tensors_xxh3";  // of __metadata__: see TensorSums

struct DTypeName {
    DType dtype;
    const char* name;
};
constexpr std::array dtype_names{DTypeName{DType::f32, "F32"},   DTypeName{DType::f64, "F64"},
                                 DTypeName{DType::bf16, "BF16"}, DTypeName{DType::f16, "F16"},
                                 DTypeName{DType::u8, "U8"},     DTypeName{DType::i8, "I8"},
                                 DTypeName{DType::i32, "I32"},   DTypeName{DType::i64, "I64"}};

const char* format_name(DType dtype) {
    for (const DTypeName& entry : dtype_names)
        if (entry.dtype == dtype) return entry.name;
    return "?";
}

// One tensor's place in the data part of a file.
struct Entry {
    std::string name;
    DType dtype;
    Shape shape;
    uint64_t begin, end;
};

uint64_t unsigned_number(const std::string& file, const std::string& name, const Json& value) {
    if (!value.is_number_unsigned())
        fail("{}: tensor '{}': expected sizes and offsets of at least 0, found {}", file, name, value.dump());
    return value.get<uint64_t>();
}

Entry parse_entry(const std::string& file, const std::string& name, const Json& value, uint64_t data_bytes) {
    if (!value.is_object() || !value.contains("dtype") || !value.contains("shape") ||
        !value.contains("data_offsets") || !value["dtype"].is_string() || !value["shape"].is_array() ||
        !value["data_offsets"].is_array() || value["data_offsets"].size() != 2)
        fail("{}: tensor '{}': expected dtype, shape and data_offsets [begin, end]", file, name);
    Entry entry{name,
                {},
                {},
                unsigned_number(file, name, value["data_offsets"][0]),
                unsigned_number(file, name, value["data_offsets"][1])};
    const std::string dtype = value["dtype"].get<std::string>();
    const auto* known = std::find_if(dtype_names.begin(), dtype_names.end(),
                                     [&](const DTypeName& candidate) { return dtype == candidate.name; });
    if (known == dtype_names.end()) fail("{}: tensor '{}': unknown dtype '{}'", file, name, dtype);
    entry.dtype = known->dtype;

    if (entry.begin > entry.end || entry.end > data_bytes)
        fail("{}: tensor '{}': expected data within {} bytes, found [{}, {}); the file may be cut off", file,
             name, data_bytes, entry.begin, entry.end);
    if (value["shape"].size() > size_t{Shape::max_rank})
        fail("{}: tensor '{}': expected at most {} dimensions, found {}", file, name, Shape::max_rank,
             value["shape"].size());
    std::vector<int64_t> sizes;
    bool is_empty = false;
    for (const Json& size : value["shape"]) {
        const uint64_t number = unsigned_number(file, name, size);
        is_empty = is_empty || number == 0;
        sizes.push_back(static_cast<int64_t>(number));
    }
    // The other sizes of a tensor without elements are bounded by nothing but their product.
    const auto most = is_empty ? static_cast<uint64_t>(std::numeric_limits<int32_t>::max()) : data_bytes;
    uint64_t elements = 1;
    for (const int64_t size : sizes) {
        const auto number = static_cast<uint64_t>(size);
        if (number != 0 && elements > most / number)
            fail("{}: tensor '{}': shape {} is larger than the file", file, name, value["shape"].dump());
        if (number != 0) elements *= number;
    }
    if (is_empty) elements = 0;
    entry.shape = Shape(sizes);
    if (elements * size_of(entry.dtype) != entry.end - entry.begin)
        fail("{}: tensor '{}': expected {} bytes for {} {}, found {}", file, name,
             elements * size_of(entry.dtype), dtype, entry.shape.str(), entry.end - entry.begin);
    return entry;
}

// Tensors must fill the data part without overlap; holes are allowed only as the padding that aligns a
// tensor.
void check_coverage(const std::string& file, std::vector<Entry>& entries, uint64_t data_bytes) {
    std::sort(entries.begin(), entries.end(), [](const Entry& a, const Entry& b) {
        return std::tie(a.begin, a.end) < std::tie(b.begin, b.end);
    });
    uint64_t end = 0;
    for (const Entry& entry : entries) {
        if (entry.begin != end)
            fail("{}: tensor '{}': expected its data at offset {}, found {}", file, entry.name, end,
                 entry.begin);
        end = entry.end;
    }
    if (end != data_bytes) fail("{}: expected {} bytes of tensor data, found {}", file, end, data_bytes);
}

void read_bytes(std::ifstream& stream, const std::string& file, void* target, uint64_t bytes) {
    stream.read(static_cast<char*>(target), static_cast<std::streamsize>(bytes));
    if (static_cast<uint64_t>(stream.gcount()) != bytes)
        fail("{}: expected {} more bytes, found {}", file, bytes, stream.gcount());
}

Json parse_header(const std::string& file, std::string_view text) {
    // Depth is bounded before parsing proper: a header has three levels, and deep nesting would exhaust the
    // stack.
    const auto shallow = [](int depth, Json::parse_event_t, Json&) {
        if (depth > 8) fail("nested too deeply");
        return true;
    };
    try {
        Json header = Json::parse(text, shallow);
        if (!header.is_object()) fail("not an object");
        return header;
    } catch (const std::exception& error) {
        fail("{}: expected a safetensors header in JSON: {}", file, error.what());
    }
}

// Checks the length that the file's first 8 bytes state.
uint64_t checked_header_bytes(const std::string& file, uint64_t header_bytes, uint64_t file_bytes) {
    if (header_bytes > largest_header || header_bytes > file_bytes - 8)
        fail("{}: not a safetensors file, or cut off: expected a header of {} bytes, found a file of {}",
             file, header_bytes, file_bytes);
    return header_bytes;
}

void check_file_bytes(const std::string& file, uint64_t file_bytes) {
    if (file_bytes < 8)
        fail("{}: expected a safetensors file of at least 8 bytes, found {}", file, file_bytes);
}

// What a header says of the data behind it: the tensors' places, by their offset.
struct Contents {
    std::vector<Entry> entries;
    std::map<std::string, std::string> metadata;
};

Contents parse_contents(const std::string& file, std::string_view text, uint64_t data_bytes) {
    const Json header = parse_header(file, text);
    Contents contents;
    for (const auto& [name, value] : header.items()) {
        if (name == "__metadata__") {
            if (!value.is_object()) fail("{}: expected __metadata__ to be an object of texts", file);
            for (const auto& [key, content] : value.items()) {
                if (!content.is_string())
                    fail("{}: metadata '{}': expected a text, found {}", file, key, content.dump());
                contents.metadata[key] = content.get<std::string>();
            }
        } else {
            contents.entries.push_back(parse_entry(file, name, value, data_bytes));
        }
    }
    check_coverage(file, contents.entries, data_bytes);
    return contents;
}

// The checksum of a file's tensors: XXH3 of theirs, each 8 bytes, in the file's order. Without xxHash there
// is none.
class TensorSums {
  public:
#if UNMASK_HAS_XXHASH
    void add(const void* bytes, size_t count) {
        sums_.push_back(checksum(std::span(static_cast<const uint8_t*>(bytes), count)));
    }
    [[nodiscard]] std::string text() const {
        const auto* bytes = reinterpret_cast<const uint8_t*>(sums_.data());
        return fmt::format("{:016x}", checksum(std::span(bytes, sums_.size() * sizeof(uint64_t))));
    }

  private:
    std::vector<uint64_t> sums_;
#else
    void add(const void*, size_t) {}
    [[nodiscard]] std::string text() const {
        return {};
    }
#endif
};

// The tensors of a file that is read, against the checksum that its metadata hold.
class TensorCheck {
  public:
    // Takes the checksum out of the metadata, which are the writer's own.
    explicit TensorCheck(std::map<std::string, std::string>& metadata) {
        const auto found = metadata.find(checksum_key);
        if (found == metadata.end()) return;
        expected_ = found->second;
        metadata.erase(found);
    }
    void add(const void* bytes, size_t count) {
        if (!expected_.empty()) sums_.add(bytes, count);
    }
    void finish(const std::string& file) const {
        const std::string found = sums_.text();
        if (expected_.empty() || found.empty() || found == expected_) return;
        fail(
            "{}: the file is damaged: expected tensors with the checksum {}, found {} (a program that "
            "changes "
            "tensors must leave {} out of the metadata)",
            file, expected_, found, checksum_key);
    }

  private:
    std::string expected_;
    TensorSums sums_;
};

Tensor view_or_copy(const Entry& entry, std::span<const std::byte> data,
                    const std::shared_ptr<const void>& owner) {
    const std::byte* place = data.data() + entry.begin;
    const size_t bytes = entry.end - entry.begin;
    if (bytes == 0 || reinterpret_cast<uintptr_t>(place) % size_of(entry.dtype) != 0) {
        Tensor tensor = Tensor::empty(entry.shape, entry.dtype);
        if (bytes > 0) std::memcpy(tensor.raw(), place, bytes);
        return tensor;
    }
    static const auto nobody = std::make_shared<const int>(0);
    // A frozen buffer is written by nobody.
    const auto buffer =
        std::make_shared<Buffer>(context_of(cpu_device), const_cast<std::byte*>(place), bytes,
                                 owner != nullptr ? owner : std::shared_ptr<const void>(nobody));
    buffer->freeze();
    return Tensor::view(buffer, 0, entry.shape, entry.dtype);
}

}  // namespace

TensorFile read_safetensors(const std::filesystem::path& path) {
    const std::string file = path.string();
    errno = 0;
    std::ifstream stream(path, std::ios::binary);
    if (!stream) fail("{}: cannot be opened: {}", file, std::strerror(errno));
    std::error_code unreadable;
    const uint64_t file_bytes = std::filesystem::file_size(path, unreadable);
    if (unreadable) fail("{}: cannot be read: {}", file, unreadable.message());
    check_file_bytes(file, file_bytes);
    uint64_t header_bytes = 0;
    read_bytes(stream, file, &header_bytes, 8);
    std::string text(checked_header_bytes(file, header_bytes, file_bytes), '\0');
    read_bytes(stream, file, text.data(), header_bytes);
    Contents contents = parse_contents(file, text, file_bytes - 8 - header_bytes);

    TensorFile result;
    TensorCheck check(contents.metadata);
    result.metadata = std::move(contents.metadata);
    for (const Entry& entry : contents.entries) {
        Tensor tensor = Tensor::empty(entry.shape, entry.dtype);
        if (tensor.bytes() > 0) read_bytes(stream, file, tensor.raw(), tensor.bytes());
        check.add(tensor.bytes() > 0 ? tensor.raw() : nullptr, tensor.bytes());
        result.tensors.emplace(entry.name, std::move(tensor));
    }
    check.finish(file);
    return result;
}

TensorFile read_safetensors(std::span<const std::byte> bytes, std::string_view name,
                            const std::shared_ptr<const void>& owner) {
    const std::string file(name);
    check_file_bytes(file, bytes.size());
    uint64_t header_bytes = 0;
    std::memcpy(&header_bytes, bytes.data(), 8);
    (void)checked_header_bytes(file, header_bytes, bytes.size());
    const std::span<const std::byte> data = bytes.subspan(8 + header_bytes);
    Contents contents =
        parse_contents(file, {reinterpret_cast<const char*>(bytes.data()) + 8, header_bytes}, data.size());

    TensorFile result;
    TensorCheck check(contents.metadata);
    for (const Entry& entry : contents.entries) check.add(data.data() + entry.begin, entry.end - entry.begin);
    check.finish(file);
    result.metadata = std::move(contents.metadata);
    for (const Entry& entry : contents.entries)
        result.tensors.emplace(entry.name, view_or_copy(entry, data, owner));
    return result;
}

void write_safetensors(const std::filesystem::path& path, const TensorFile& file) {
    std::vector<Tensor> tensors;  // on the host
    TensorSums sums;
    for (const auto& [name, tensor] : file.tensors) {
        const Tensor& host = tensors.emplace_back(tensor.to(cpu_device));
        sums.add(host.bytes() > 0 ? host.raw() : nullptr, host.bytes());
    }
    Json header = Json::object();
    if (!file.metadata.empty()) header["__metadata__"] = file.metadata;
    if (const std::string sum = sums.text(); !sum.empty()) header["__metadata__"][checksum_key] = sum;
    uint64_t offset = 0;
    for (const auto& [name, tensor] : file.tensors) {
        header[name] = {{"dtype", format_name(tensor.dtype())},
                        {"shape", std::vector<int64_t>(tensor.shape().begin(), tensor.shape().end())},
                        {"data_offsets", {offset, offset + tensor.bytes()}}};
        offset += tensor.bytes();
    }
    // A name that is not UTF-8 (a path, say) must not cost a trained model: its bad bytes are replaced.
    std::string text = header.dump(-1, ' ', false, Json::error_handler_t::replace);
    text.append((data_alignment - (8 + text.size()) % data_alignment) % data_alignment,
                ' ');  // the data part starts aligned
    write_file_atomically(path, [&](std::ostream& out) {
        const uint64_t header_bytes = text.size();
        out.write(reinterpret_cast<const char*>(&header_bytes), 8);
        out.write(text.data(), static_cast<std::streamsize>(text.size()));
        for (const Tensor& tensor : tensors)
            out.write(static_cast<const char*>(tensor.bytes() > 0 ? tensor.raw() : nullptr),
                      static_cast<std::streamsize>(tensor.bytes()));
    });
}

}  // namespace unmask
