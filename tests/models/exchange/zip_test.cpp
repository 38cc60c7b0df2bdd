// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

#include "models/exchange/zip_format.h"
#include "models/exchange/zip_reader.h"
#include "models/exchange/zip_writer.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

std::string archive(const std::vector<std::pair<std::string, std::string>>& entries) {
    std::ostringstream out;
    ZipWriter writer(out);
    for (const auto& [name, bytes] : entries) writer.add(name, bytes);
    writer.finish();
    return out.str();
}

std::string little_endian(uint64_t number, size_t bytes) {
    std::string text;
    for (size_t i = 0; i < bytes; ++i) text += char(number >> (8 * i));
    return text;
}

class Zip : public testing::Test {
  protected:
    std::filesystem::path write(const std::string& bytes) {
        std::ofstream(folder_ / "a.zip", std::ios::binary) << bytes;
        return folder_ / "a.zip";
    }
    void refuse(const std::string& bytes, const std::vector<std::string>& texts) {
        std::vector<std::string> all = texts;
        all.push_back("a.zip");
        const std::filesystem::path path = write(bytes);
        expect_error(
            [&] {
                ZipReader reader(path);
                for (const auto& [name, entry] : reader.entries())
                    static_cast<void>(reader.read_text(name, entry, 100));
            },
            all);
    }
    // Replaces the bytes at an offset behind the first record with that signature.
    static std::string patched(std::string bytes, uint32_t signature, size_t offset,
                               const std::string& with) {
        const size_t place = bytes.find(little_endian(signature, 4));
        EXPECT_NE(place, std::string::npos);
        return bytes.replace(place + offset, with.size(), with);
    }
    TemporaryFolder folder_;
};

TEST_F(Zip, EntriesComeBackAndBeginAtMultiplesOf64Bytes) {
    const std::string large(1000, 'x');
    ZipReader reader(write(archive({{"a/data.pkl", "pickle"}, {"a/data/0", large}, {"a/empty", ""}})));
    ASSERT_EQ(reader.entries().size(), 3u);
    for (const auto& [name, entry] : reader.entries()) EXPECT_EQ(entry.offset % 64, 0u) << name;
    EXPECT_EQ(reader.read_text("a/data.pkl", reader.entries().at("a/data.pkl"), 6), "pickle");
    EXPECT_EQ(reader.read_text("a/data/0", reader.entries().at("a/data/0"), 1000), large);
    EXPECT_EQ(reader.read_text("a/empty", reader.entries().at("a/empty"), 0), "");
    expect_error(
        [&] { static_cast<void>(reader.read_text("a/data/0", reader.entries().at("a/data/0"), 999)); },
        {"a/data/0", "at most 999", "1000"});
}

TEST_F(Zip, CutAnywhereIsAnError) {
    const std::string whole = archive({{"a", "some bytes"}, {"b", "more"}});
    for (size_t length = 0; length < whole.size(); ++length) {
        const std::filesystem::path path = write(whole.substr(0, length));
        expect_error([&] { ZipReader reader(path); }, {"a.zip"});
    }
}

TEST_F(Zip, WhatPyTorchNeverWritesIsRefused) {
    const std::string good = archive({{"abc", "some bytes"}});
    using namespace zip;
    refuse(patched(good, central_signature, 10, little_endian(8, 2)), {"abc", "compressed", "method 8"});
    refuse(patched(good, central_signature, 20, little_endian(5, 4)), {"abc", "compressed", "5 bytes of 10"});
    refuse(patched(good, central_signature, 8, little_endian(1, 2)), {"abc", "encrypted"});
    refuse(patched(good, central_signature, 16, little_endian(7, 4)), {"abc", "checksum"});
    refuse(patched(good, central_signature, 42, little_endian(3, 4)), {"abc", "no header at 3"});
    refuse(patched(good, central_signature, 42, little_endian(1 << 30, 4)), {"cut off"});
    refuse(patched(good, central_signature, 20, little_endian(0xFFFFFF00FFFFFF00, 8)), {"abc", "cut off"});
    refuse(patched(good, local_signature, 26, little_endian(0xFFFF, 2)), {"cut off", "abc"});
    refuse(patched(good, end_signature, 10, little_endian(2, 2)), {"2 entries in a directory of"});
    refuse(patched(good, end_signature, 12, little_endian(1 << 20, 4)), {"damaged or cut off", "1048576"});
    refuse(patched(good, end_signature, 16, little_endian(0, 4)), {"expected 1 entries, found 0"});
}

TEST_F(Zip, NamesThatLeadOutOrComeTwiceAreRefused) {
    for (const char* name : {"../a", "a/../../b", "..", "/etc/passwd", "a\\b", ""})
        refuse(archive({{name, "x"}}), {"leads out", name});
    refuse(archive({{"a", "x"}, {"a", "y"}}), {"'a' twice"});
    EXPECT_EQ(ZipReader(write(archive({{"a..b/..c", "x"}}))).entries().size(), 1u);
}

TEST_F(Zip, EntriesOverEachOtherAreRefused) {
    std::string bytes = archive({{"a", "first"}, {"b", "other"}});
    const size_t second = bytes.rfind(little_endian(zip::central_signature, 4));
    bytes.replace(second + 42, 4, little_endian(0, 4));  // the first one's header
    refuse(bytes, {"lie over each other"});
}

// An archive as writers make it whose sizes need 64 bits, though small.
TEST_F(Zip, Zip64IsRead) {
    using namespace zip;
    const auto make = [](uint64_t bytes, uint64_t directory_bytes, uint16_t extra_bytes) {
        const std::string content = "sixty-four", name = "big";
        const std::string local = little_endian(local_signature, 4) + std::string(22, '\0') +
                                  little_endian(3, 2) + little_endian(0, 2) + name + content;
        const std::string extra = little_endian(zip64_extra, 2) + little_endian(extra_bytes, 2) +
                                  little_endian(bytes, 8) + little_endian(bytes, 8);
        const std::string central = little_endian(central_signature, 4) + std::string(12, '\0') +
                                    little_endian(0xcd5f11d2, 4) + little_endian(none32, 4) +
                                    little_endian(none32, 4) + little_endian(3, 2) +
                                    little_endian(extra.size(), 2) + std::string(14, '\0') + name + extra;
        if (directory_bytes == 0) directory_bytes = central.size();
        const std::string end64 = little_endian(zip64_end_signature, 4) + little_endian(44, 8) +
                                  std::string(12, '\0') + little_endian(1, 8) + little_endian(1, 8) +
                                  little_endian(directory_bytes, 8) + little_endian(local.size(), 8);
        const std::string locator = little_endian(zip64_locator_signature, 4) + little_endian(0, 4) +
                                    little_endian(local.size() + central.size(), 8) + little_endian(1, 4);
        return local + central + end64 + locator + little_endian(end_signature, 4) + std::string(4, '\0') +
               std::string(16, '\xff').substr(0, 12) + little_endian(0, 2);
    };
    ZipReader reader(write(make(10, 0, 16)));
    const auto& entry = reader.entries().at("big");
    EXPECT_EQ(entry.bytes, 10u);
    std::string content(10, '\0');
    try {
        reader.read("big", entry, content.data());
    } catch (const Error& error) {
        FAIL() << error.what();
    }
    EXPECT_EQ(content, "sixty-four");
    refuse(make(~uint64_t{0} - 5, 0, 16), {"big", "cut off"});
    refuse(make(10, ~uint64_t{0}, 16), {"damaged or cut off"});
    refuse(make(10, 0, 8), {"big", "lacks its zip64 sizes"});
    refuse(make(10, 0, 17), {"big", "lacks its zip64 sizes"});
}

TEST_F(Zip, NoArchive) {
    refuse("", {"cut off"});
    refuse(std::string(100, 'x'), {"not a zip archive"});
    expect_error([&] { ZipReader reader(folder_ / "absent"); }, {"absent", "No such file"});
}

}  // namespace
}  // namespace unmask
