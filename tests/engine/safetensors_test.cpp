// SPDX-License-Identifier: Apache-2.0
#include "engine/safetensors.h"

#include <gtest/gtest.h>

#include <cstring>
#include <fstream>
#include <iterator>
#include <memory>
#include <span>

#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

std::string file_bytes(const std::filesystem::path& path) {
    std::ifstream stream(path, std::ios::binary);
    return {std::istreambuf_iterator<char>(stream), {}};
}

TensorFile sample() {
    TensorFile file;
    file.metadata = {{"format", "test"}, {"note", "größer\n\"quoted\""}};
    file.tensors["b"] = Tensor::from<float>({2, 2}, std::vector<float>{1, -2, 3.5f, 4});
    file.tensors["a"] = Tensor::from<int64_t>({3}, std::vector<int64_t>{1, -1, int64_t{1} << 60});
    file.tensors["half"] = Tensor::full({5}, 0.5, DType::bf16);
    file.tensors["byte"] = Tensor::full({3}, 200, DType::u8);
    file.tensors["scalar"] = Tensor::full({}, 2.5, DType::f64);
    file.tensors["none"] = Tensor::zeros({0, 4});
    return file;
}

// The bytes of a file in memory that is aligned as the first of `shift` bytes is not.
class InMemory {
  public:
    explicit InMemory(const std::string& file, size_t shift = 0)
        : memory_(new std::byte[file.size() + shift]), bytes_(memory_.get() + shift, file.size()) {
        std::memcpy(bytes_.data(), file.data(), file.size());
    }
    [[nodiscard]] std::span<std::byte> bytes() const { return bytes_; }
    [[nodiscard]] const std::shared_ptr<std::byte[]>& owner() const { return memory_; }

  private:
    std::shared_ptr<std::byte[]> memory_;
    std::span<std::byte> bytes_;
};

class Safetensors : public ::testing::Test {
  protected:
    // A file with the given header text and this many bytes of data.
    std::filesystem::path with_header(const std::string& header, size_t data_bytes) {
        std::ofstream stream(path_, std::ios::binary | std::ios::trunc);
        const uint64_t size = header.size();
        stream.write(reinterpret_cast<const char*>(&size), 8);
        stream << header << std::string(data_bytes, 'x');
        return path_;
    }
    TemporaryFolder folder_;
    std::filesystem::path path_ = folder_ / "m.safetensors";
};

TEST_F(Safetensors, RoundTripsEveryTypeAndTheMetadata) {
    const TensorFile file = sample();
    write_safetensors(path_, file);
    const TensorFile back = read_safetensors(path_);
    EXPECT_EQ(back.metadata, file.metadata);
    ASSERT_EQ(back.tensors.size(), file.tensors.size());
    for (const auto& [name, tensor] : file.tensors) {
        const Tensor& read = back.tensors.at(name);
        EXPECT_EQ(read.dtype(), tensor.dtype()) << name;
        EXPECT_EQ(read.shape(), tensor.shape()) << name;
        EXPECT_EQ(read.to_doubles(), tensor.to_doubles()) << name;
    }
}

TEST_F(Safetensors, MemoryIsReadAsItsFile) {
    write_safetensors(path_, sample());
    const TensorFile file = read_safetensors(path_);
    for (const size_t shift : {0, 1, 2, 4}) {
        SCOPED_TRACE(shift);
        const InMemory memory(file_bytes(path_), shift);
        const TensorFile read = read_safetensors(memory.bytes(), "memory", memory.owner());
        EXPECT_EQ(read.metadata, file.metadata);
        ASSERT_EQ(read.tensors.size(), file.tensors.size());
        for (const auto& [name, tensor] : file.tensors) {
            const Tensor& found = read.tensors.at(name);
            EXPECT_EQ(found.dtype(), tensor.dtype()) << name;
            EXPECT_EQ(found.shape(), tensor.shape()) << name;
            EXPECT_EQ(found.to_doubles(), tensor.to_doubles()) << name;
        }
        // The first two tensors lie aligned in the file: they are not copied where the file is aligned, too.
        for (const char* name : {"a", "b"}) {
            const Tensor& found = read.tensors.at(name);
            const auto* place = static_cast<const std::byte*>(found.raw());
            const bool inside = place >= memory.bytes().data() &&
                                place + found.bytes() <= memory.bytes().data() + memory.bytes().size();
            EXPECT_EQ(inside, shift % size_of(found.dtype()) == 0) << name;
        }
    }
}

TEST_F(Safetensors, TensorsKeepTheirMemoryAlive) {
    write_safetensors(path_, sample());
    std::weak_ptr<std::byte[]> alive;
    {
        TensorFile read;
        {
            const InMemory memory(file_bytes(path_));
            alive = memory.owner();
            read = read_safetensors(memory.bytes(), "memory", memory.owner());
        }
        EXPECT_FALSE(alive.expired());
        EXPECT_EQ(read.tensors.size(), sample().tensors.size());
        for (const auto& [name, tensor] : sample().tensors)
            EXPECT_EQ(read.tensors.at(name).to_doubles(), tensor.to_doubles()) << name;
    }
    EXPECT_TRUE(alive.expired());
}

TEST_F(Safetensors, SameContentSameBytes) {
    write_safetensors(path_, sample());
    write_safetensors(folder_ / "again", sample());
    EXPECT_EQ(file_bytes(path_), file_bytes(folder_ / "again"));
}

TEST_F(Safetensors, EveryCutIsRefused) {
    write_safetensors(path_, sample());
    const std::string whole = file_bytes(path_);
    for (size_t length = 0; length < whole.size(); length += length < 16 ? 1 : 37) {
        std::ofstream(path_, std::ios::binary | std::ios::trunc) << whole.substr(0, length);
        expect_error([&] { (void)read_safetensors(path_); }, {path_.string()});
        const InMemory memory(whole.substr(0, length));
        expect_error([&] { (void)read_safetensors(memory.bytes(), "memory", nullptr); }, {"memory: "});
    }
}

TEST_F(Safetensors, NamesWhatIsWrong) {
    const auto refused = [&](const std::string& header, size_t bytes, const std::vector<std::string>& texts) {
        SCOPED_TRACE(header);
        expect_error([&] { (void)read_safetensors(with_header(header, bytes)); }, texts);
        const InMemory memory(file_bytes(path_));
        expect_error([&] { (void)read_safetensors(memory.bytes(), path_.string(), nullptr); }, texts);
    };
    refused("not json", 0, {"m.safetensors", "JSON"});
    refused("[1]", 0, {"not an object"});
    refused(std::string(50000, '['), 0, {"nested too deeply"});
    refused(R"({"t":{"dtype":"F32","shape":[2]}})", 8, {"'t'", "data_offsets"});
    refused(R"({"t":{"dtype":"Q4","shape":[2],"data_offsets":[0,8]}})", 8, {"unknown dtype 'Q4'"});
    refused(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,4]}})", 4, {"expected 8 bytes", "found 4"});
    refused(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[8,0]}})", 8, {"found [8, 0)"});
    refused(R"({"t":{"dtype":"F32","shape":[-2],"data_offsets":[0,8]}})", 8, {"at least 0", "-2"});
    refused(R"({"t":{"dtype":"F32","shape":[4294967296,4294967296],"data_offsets":[0,8]}})", 8,
            {"larger than the file"});
    refused(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})", 12, {"offset 0", "found 4"});
    refused(R"({"t":{"dtype":"F32","shape":[2],"data_offsets":[0,8]}})", 12,
            {"expected 8 bytes", "found 12"});
    refused(
        R"({"a":{"dtype":"F32","shape":[2],"data_offsets":[0,8]},"b":{"dtype":"F32","shape":[2],"data_offsets":[4,12]}})",
        12, {"'b'", "offset 8", "found 4"});
    refused(R"({"__metadata__":{"k":1}})", 0, {"metadata 'k'"});
    expect_error([&] { (void)read_safetensors(folder_ / "missing"); }, {"missing", "No such file"});
    expect_error([&] { (void)read_safetensors(folder_.path()); }, {folder_.path().string()});
}

TEST_F(Safetensors, BytesThatAreNotTextAreReplacedInMetadata) {
    TensorFile file = sample();
    file.metadata["path"] = "caf\xe9/model";
    write_safetensors(path_, file);
    EXPECT_EQ(read_safetensors(path_).metadata.at("path"), "caf\xef\xbf\xbd/model");
}

TEST_F(Safetensors, DamagedTensorsAreFoundByTheirChecksum) {
    write_safetensors(path_, sample());
    const std::string good = file_bytes(path_);
    ASSERT_NE(good.find("tensors_xxh3"), std::string::npos);
    EXPECT_FALSE(read_safetensors(path_).metadata.contains("tensors_xxh3"));
    const size_t data = 8 + size_t(*reinterpret_cast<const uint64_t*>(good.data()));
    for (const size_t place : {data, good.size() - 1}) {
        std::string bad = good;
        bad[place] = char(bad[place] ^ 1);
        std::ofstream(path_, std::ios::binary) << bad;
        expect_error([&] { static_cast<void>(read_safetensors(path_)); },
                     {path_.string(), "is damaged", "checksum", "tensors_xxh3"});
        const InMemory memory(bad);
        expect_error([&] { static_cast<void>(read_safetensors(memory.bytes(), "memory", nullptr)); },
                     {"memory", "is damaged"});
        // One that was written without it is taken as it is.
        bad.replace(bad.find("tensors_xxh3"), 12, "no_checksum_");
        std::ofstream(path_, std::ios::binary) << bad;
        EXPECT_NO_THROW(static_cast<void>(read_safetensors(path_)));
    }
}

TEST_F(Safetensors, AFailedWriteKeepsTheOldFile) {
    write_safetensors(path_, sample());
    const std::string before = file_bytes(path_);
    expect_error([&] { write_safetensors(folder_ / "no" / "such" / "folder", sample()); },
                 {"cannot be written"});
    EXPECT_EQ(file_bytes(path_), before);
    EXPECT_EQ(std::distance(std::filesystem::directory_iterator(folder_.path()), {}), 1);
}

TEST_F(Safetensors, AShapeWithoutElementsMayHaveOtherSizes) {
    const std::string header = R"({"t":{"dtype":"F32","shape":[5,0],"data_offsets":[0,0]}})";
    EXPECT_EQ(read_safetensors(with_header(header, 0)).tensors.at("t").shape(), (Shape{5, 0}));
    expect_error(
        [&] {
            (void)read_safetensors(with_header(
                R"({"t":{"dtype":"F32","shape":[4294967296,4294967296,0],"data_offsets":[0,0]}})", 0));
        },
        {"larger than the file"});
}

}  // namespace
}  // namespace unmask
