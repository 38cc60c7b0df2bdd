// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "models/exchange/state_dict.h"
#include "models/exchange/zip_writer.h"
#include "tests/models/exchange/pickles.h"
#include "tests/support/compare.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

using namespace pickles;
using Values = std::vector<double>;

// 0, 1, 2, … as float32.
std::string counting(int count) {
    std::string bytes;
    for (int i = 0; i < count; ++i) {
        const auto value = static_cast<float>(i);
        bytes.append(reinterpret_cast<const char*>(&value), 4);
    }
    return bytes;
}

class TorchFile : public testing::Test {
  protected:
    std::filesystem::path write(const std::string& bytes) {
        std::ofstream(folder_ / "m.pth", std::ios::binary) << bytes;
        return folder_ / "m.pth";
    }
    // An archive with this pickle and the storages "0", "1", …
    std::filesystem::path archive(const std::string& pickle, const std::vector<std::string>& storages = {},
                                  const std::vector<std::pair<std::string, std::string>>& more = {}) {
        std::ostringstream out;
        ZipWriter writer(out);
        writer.add("m/data.pkl", pickle);
        for (size_t i = 0; i < storages.size(); ++i) writer.add("m/data/" + std::to_string(i), storages[i]);
        for (const auto& [name, bytes] : more) writer.add(name, bytes);
        writer.finish();
        return write(out.str());
    }
    StateDict read(const std::string& pickle, const std::vector<std::string>& storages = {}) {
        return read_state_dict(archive(pickle, storages));
    }
    void refuse(const std::filesystem::path& path, std::vector<std::string> texts) {
        texts.emplace_back("m.pth");
        expect_error([&] { static_cast<void>(read_state_dict(path)); }, texts);
    }
    // A tensor with this view of a storage of 12 numbers.
    void refuse_view(int64_t offset, const std::vector<int64_t>& sizes, const std::vector<int64_t>& strides,
                     const std::vector<std::string>& texts) {
        refuse(
            archive(whole(dict(text("w") + tensor(storage("FloatStorage", "0", 12), offset, sizes, strides))),
                    {counting(12)}),
            texts);
    }
    TemporaryFolder folder_;
};

TEST_F(TorchFile, WhatIsWrittenIsReadBack) {
    TensorFile file;
    file.metadata = {{"backbone", "resnet18"}, {"size", "64"}};
    file.tensors = {{"a.weight", Tensor::from<float>({2, 3}, std::vector<float>{1, 2, 3, 4, 5, 6})},
                    {"b", Tensor::full({}, 7, DType::i64)},
                    {"c", Tensor::full({3}, 1.5, DType::bf16)},
                    {"d", Tensor::full({3}, 2.5, DType::f16)},
                    {"e", Tensor::full({2}, 1e300, DType::f64)},
                    {"f", Tensor::full({2}, 9, DType::i32)},
                    {"g", Tensor::full({2}, 255, DType::u8)},
                    {"i", Tensor::full({2}, -7, DType::i8)},
                    {"h", Tensor::zeros({2, 0})}};
    write_torch_file(folder_ / "m.pth", file);
    const StateDict found = read_state_dict(folder_ / "m.pth");
    EXPECT_EQ(found.metadata, file.metadata);
    EXPECT_TRUE(found.left_out.empty());
    ASSERT_EQ(found.tensors.size(), file.tensors.size());
    for (const auto& [name, tensor] : file.tensors)
        EXPECT_TRUE(same_bytes(found.tensors.at(name), tensor)) << name;
    write_torch_file(folder_ / "again.pth", file);
    EXPECT_EQ(bytes_of(folder_ / "again.pth"), bytes_of(folder_ / "m.pth"));
}

TEST_F(TorchFile, ViewsOfASharedStorage) {
    const std::string numbers = storage("FloatStorage", "0", 12);
    const StateDict found = read(whole(dict(text("whole") + tensor(numbers, 0, {3, 4}, {4, 1}) +   //
                                            text("turned") + tensor(numbers, 0, {4, 3}, {1, 4}) +  //
                                            text("column") + tensor(numbers, 1, {3}, {4}) +        //
                                            text("row") + tensor(numbers, 8, {1, 4}, {77, 1}) +    //
                                            text("scalar") + tensor(numbers, 11, {}, {}) +         //
                                            text("parameter") +
                                            called(global("torch._utils", "_rebuild_parameter"),
                                                   tensor(numbers, 2, {2}, {1}) + "\x88N"))),
                                 {counting(12)});
    ASSERT_EQ(found.tensors.size(), 6u);
    EXPECT_EQ(found.tensors.at("whole").to_doubles(), (Values{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11}));
    EXPECT_EQ(found.tensors.at("turned").to_doubles(), (Values{0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11}));
    EXPECT_EQ(found.tensors.at("turned").shape(), (Shape{4, 3}));
    EXPECT_EQ(found.tensors.at("column").to_doubles(), (Values{1, 5, 9}));
    EXPECT_EQ(found.tensors.at("row").to_doubles(), (Values{8, 9, 10, 11}));
    EXPECT_EQ(found.tensors.at("scalar").to_doubles(), (Values{11}));
    EXPECT_EQ(found.tensors.at("parameter").to_doubles(), (Values{2, 3}));
    EXPECT_EQ(found.tensors.at("whole").buffer(), found.tensors.at("row").buffer());
}

TEST_F(TorchFile, SmallIntegersAndTruthValuesAreWidened) {
    const StateDict found =
        read(whole(dict(text("i8") + tensor(storage("CharStorage", "0", 2), 0, {2}, {1}) +    //
                        text("i16") + tensor(storage("ShortStorage", "1", 2), 0, {2}, {1}) +  //
                        text("bool") + tensor(storage("BoolStorage", "2", 2), 0, {2}, {1}))),
             {"\xfe\x03", "\xfe\xff\x03\x01", "\x01"s + "\0"s});
    EXPECT_EQ(found.tensors.at("i8").to_doubles(), (Values{-2, 3}));
    EXPECT_EQ(found.tensors.at("i16").to_doubles(), (Values{-2, 259}));
    EXPECT_EQ(found.tensors.at("bool").to_doubles(), (Values{1, 0}));
    EXPECT_EQ(found.tensors.at("i8").dtype(), DType::i8);
    EXPECT_EQ(found.tensors.at("i16").dtype(), DType::i32);
}

TEST_F(TorchFile, StateDictsAreFoundInTheirWrappers) {
    const std::string weight = tensor(storage("FloatStorage", "0", 12), 0, {12}, {1});
    const std::string inner = dict(text("module.a") + weight + text("module.b") + weight);
    for (const char* wrapper : {"state_dict", "model_state_dict", "model", "net"}) {
        const StateDict found =
            read(whole(dict(text("epoch") + integer(3) + text(wrapper) + inner + text("best") + weight)),
                 {counting(12)});
        EXPECT_EQ(found.tensors.size(), 2u) << wrapper;
        EXPECT_TRUE(found.tensors.contains("a") && found.tensors.contains("b")) << wrapper;
        EXPECT_EQ(found.left_out, (std::vector<std::string>{"epoch", "best"})) << wrapper;
    }
    // One prefix in another, and a name that lacks it.
    EXPECT_TRUE(read(whole(dict(text("_orig_mod.module.a") + weight)), {counting(12)}).tensors.contains("a"));
    EXPECT_TRUE(read(whole(dict(text("module.a") + weight + text("b") + weight)), {counting(12)})
                    .tensors.contains("module.a"));
    // What is no tensor is named.
    const StateDict mixed =
        read(whole(dict(text("a") + weight + text("_extra_state") + "N")), {counting(12)});
    EXPECT_EQ(mixed.left_out, std::vector<std::string>{"_extra_state"});
    refuse(archive(whole(dict(text("epoch") + integer(3) + text("args") + dict("")))),
           {"epoch, args", "state_dict"});
    refuse(archive(whole("](K\x01"
                         "e")),
           {"expected a dictionary of tensors, found a list"});
    refuse(archive(whole(dict(text("model") + weight))), {"lacks the storage '0'"});
}

TEST_F(TorchFile, ViewsBeyondTheirStorage) {
    refuse_view(0, {13}, {1}, {"repeats elements", "12 elements"});
    refuse_view(1, {12}, {1}, {"reaches beyond", "offset 1"});
    refuse_view(12, {1}, {1}, {"lies outside"});
    refuse_view(12, {}, {}, {"lies outside"});
    refuse_view(0, {2, 6}, {7, 1}, {"reaches beyond"});
    refuse_view(0, {2}, {int64_t{1} << 62}, {"reaches beyond"});
    refuse_view(int64_t{1} << 62, {2}, {1}, {"lies outside"});
    refuse_view(0, {int64_t{1} << 40}, {0}, {"repeats elements"});  // expanded: a terabyte out of one number
    refuse_view(0, {1 << 20, 1 << 20, 1 << 20, 1 << 20}, {0, 0, 0, 0}, {"repeats elements"});
    refuse_view(0, {-1}, {1}, {"at least 0, found -1"});
    refuse_view(0, {2}, {-1}, {"at least 0, found -1"});
    refuse_view(-1, {2}, {1}, {"at least 0, found -1"});
    refuse_view(0, {2, 2}, {1}, {"number of strides"});
    refuse_view(0, {1, 1, 1, 1, 1, 1, 1}, {1, 1, 1, 1, 1, 1, 1}, {"at most 6 dimensions, found 7"});
    refuse_view(0, {0, int64_t{1} << 62, 4}, {1, 1, 1}, {"absurd sizes"});
}

TEST_F(TorchFile, StoragesThatAreNotWhatThePickleSays) {
    const auto weight = [](int64_t elements, const char* type = "FloatStorage") {
        return tensor(storage(type, "0", elements), 0, {1}, {1});
    };
    refuse(archive(whole(dict(text("w") + weight(12)))), {"lacks the storage '0'"});
    refuse(archive(whole(dict(text("w") + weight(11))), {counting(12)}),
           {"expected 11 elements of 4 bytes, found 48"});
    refuse(archive(whole(dict(text("w") + weight(int64_t{1} << 62))), {counting(12)}),
           {"'0'", "found 48 bytes"});
    refuse(archive(whole(dict(text("w") + weight(-1))), {counting(12)}), {"a storage's size", "-1"});
    refuse(
        archive(whole(dict(text("w") + weight(12) + text("v") + weight(6, "DoubleStorage"))), {counting(12)}),
        {"'0' is 12 FloatStorage and 6 DoubleStorage"});
    refuse(archive(whole(dict(text("w") + weight(12, "ComplexFloatStorage"))), {counting(12)}),
           {"torch.ComplexFloatStorage"});
    refuse(archive(whole(dict(text("w") +
                              called(global("torch._utils", "_rebuild_tensor_v2"), "K\x01K\x01K\x01K\x01")))),
           {"expected a storage, found a number"});
    refuse(archive(whole(text("storage") + "Q")), {"persistent id", "expected a tuple"});
}

// Many strided views of one storage, each a copy of its own.
TEST_F(TorchFile, ViewsThatWouldTakeFarMoreThanTheFile) {
    const std::string numbers = storage("FloatStorage", "0", 10'000);
    std::string items;
    for (int i = 0; i < 100; ++i)
        items += text("w" + std::to_string(i)) + tensor(numbers, 0, {100, 100}, {1, 100});
    refuse(archive(whole(dict(items)), {counting(10'000)}), {"far more memory than the file"});
}

TEST_F(TorchFile, ArchivesThatAreNoStateDicts) {
    const std::string pickle = whole(dict(text("w") + tensor(storage("FloatStorage", "0", 1), 0, {1}, {1})));
    refuse(archive(pickle, {counting(1)}, {{"m/constants.pkl", "x"}}), {"TorchScript"});
    refuse(archive(pickle, {counting(1)}, {{"m/byteorder", "big"}}), {"byte order little, found 'big'"});
    refuse(archive(pickle, {counting(1)}, {{"n/data.pkl", "x"}}), {"several pickles"});
    EXPECT_EQ(read_state_dict(archive(pickle, {counting(1)}, {{"m/byteorder", "little"}})).tensors.size(),
              1u);
    std::ostringstream out;
    ZipWriter writer(out);
    writer.add("a.txt", "x");
    writer.finish();
    refuse(write(out.str()), {"without a data.pkl"});
    refuse(archive(whole(called(global("os", "system"), text("id")))), {"os.system"});
    refuse(write("text"), {"expected a safetensors file or a PyTorch file, found neither"});
    refuse(write(""), {"found neither"});
    expect_error([&] { static_cast<void>(read_state_dict(folder_ / "absent")); }, {"absent", "no such file"});
    expect_error([&] { static_cast<void>(read_state_dict(folder_.path())); }, {"found a folder"});
}

std::string legacy(const std::string& value, const std::string& keys, const std::string& data) {
    return "\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19."s + whole("M\xe9\x03") +
           whole(dict(text("little_endian") + "\x88")) + whole(value) + whole(keys) + data;
}

TEST_F(TorchFile, TheFormatOfBeforeIsRead) {
    const std::string value = dict(text("w") + tensor(storage("FloatStorage", "k", 4), 1, {2}, {2}));
    const std::string keys = "](" + text("k") + "e";
    const StateDict found = read_state_dict(write(legacy(value, keys, number_bytes(4, 8) + counting(4))));
    EXPECT_EQ(found.tensors.at("w").to_doubles(), (Values{1, 3}));
    refuse(write(legacy(value, keys, number_bytes(4, 8) + counting(3))), {"cut off in the storage 'k'"});
    refuse(write(legacy(value, keys, number_bytes(4, 7))), {"cut off before the storage 'k'"});
    refuse(write(legacy(value, keys, number_bytes(5, 8) + counting(5))), {"expected 4 elements, found 5"});
    refuse(write(legacy(value, "](e", "")), {"lacks the storage 'k'"});
    refuse(write(legacy(value, "](" + text("x") + "e", "")), {"'x' belongs to no tensor"});
    refuse(write(whole("K\x01") + "....."), {"magic number"});
    const std::string huge =
        dict(text("w") + tensor(storage("FloatStorage", "k", int64_t{1} << 61), 0, {1}, {1}));
    refuse(write(legacy(huge, keys, number_bytes(uint64_t{1} << 61, 8))), {"cut off in the storage 'k'"});
}

}  // namespace
}  // namespace unmask
