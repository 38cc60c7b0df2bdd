// SPDX-License-Identifier: Apache-2.0
#include "data/shard/shard.h"

#include <gtest/gtest.h>

#include "data/dataset.h"
#include "data/loader.h"
#include "data/manifest_pictures.h"
#include "data/picture.h"
#include "data/prepare/prepare.h"
#include "engine/atomic_file.h"
#include "tests/data/shard/shard_bytes.h"
#include "tests/support/expect_error.h"
#include "tests/support/file_bytes.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

// Five PNG and JPEG files, and a manifest whose rows say something in every column; the last row shows the
// first row's file again.
class PackedShard : public testing::Test {
  protected:
    PackedShard() {
        Manifest made{.directory = folder_.path()};
        for (int i = 0; i < 5; ++i) {
            Image image(20 + i, 16);
            for (size_t k = 0; k < image.pixels.size(); ++k)
                image.pixels[k] = uint8_t(k * 7 + size_t(i) * 31);
            const std::string name = "a, \"" + std::to_string(i) + (i % 2 == 0 ? "\".png" : "\".jpg");
            i % 2 == 0 ? write_png(folder_ / name, image) : write_jpeg(folder_ / name, image, 95);
            made.rows.push_back({.path = name,
                                 .video = "v" + std::to_string(i / 2),
                                 .split = i < 4 ? "train" : "val",
                                 .dataset = "set",
                                 .method = i % 2 == 0 ? "original" : "Deepfakes",
                                 .label = i % 2,
                                 .frame = 10 + i,
                                 .identity = "person " + std::to_string(i),
                                 .compression = i == 1 ? "c23" : ""});
        }
        made.rows.push_back(made.rows.front());
        write_manifest(folder_ / "faces.csv", made);
        write_crop_settings(folder_ / "faces.csv", {.size = 20, .margin = 1.25, .detector = "whole"});
        files_ = read_manifest(folder_ / "faces.csv");
    }
    std::filesystem::path pack(int size = 0) const {
        const std::filesystem::path path = folder_ / ("s" + std::to_string(size) + ".shard");
        const uint64_t written = pack_shard(files_, path, {.size = size});
        EXPECT_EQ(written, std::filesystem::file_size(path));
        return path;
    }
    // The shard with some bytes replaced, read as a whole.
    void refuse(const std::string& bytes, const std::vector<std::string>& parts) const {
        write_file_atomically(folder_ / "broken.shard", bytes);
        expect_error(
            [&] {
                const Manifest manifest = read_manifest(folder_ / "broken.shard");
                for (const ManifestRow& row : manifest.rows) static_cast<void>(read_picture(manifest, row));
            },
            parts);
    }

    TemporaryFolder folder_;
    Manifest files_;
};

TEST_F(PackedShard, HoldsTheRowsTheSettingsAndThePicturesAsTheyWere) {
    const std::filesystem::path path = pack();
    const Manifest packed = read_manifest(path);
    EXPECT_EQ(packed.rows, files_.rows);
    EXPECT_EQ(packed.source, path);
    EXPECT_EQ(read_crop_settings(path), (CropSettings{20, 1.25, "whole"}));
    std::filesystem::remove(folder_ / "prepare.json");
    for (const ManifestRow& row : packed.rows) {
        EXPECT_EQ(read_picture(packed, row), read_picture(files_, row)) << row.path;
        EXPECT_EQ(picture_file(packed, row), picture_file(files_, row)) << row.path;
        EXPECT_EQ(picture_bytes(packed, row), picture_bytes(files_, row)) << row.path;
        EXPECT_TRUE(has_picture(packed, row));
    }
    check_files(packed);
    ManifestRow unknown = packed.rows[0];
    unknown.path = "other.png";
    EXPECT_FALSE(has_picture(packed, unknown));
    expect_error([&] { static_cast<void>(read_picture(packed, unknown)); }, {"s0.shard", "other.png"});
    // The same input gives the same bytes, also from the shard itself; a picture of two rows is stored once.
    write_crop_settings(folder_ / "faces.csv", {.size = 20, .margin = 1.25, .detector = "whole"});
    pack_shard(packed, folder_ / "again.shard", {});
    EXPECT_EQ(bytes_of(folder_ / "again.shard"), bytes_of(path));
    const std::string bytes = bytes_of(path);
    const size_t index = get(bytes, 88);
    EXPECT_EQ(get(bytes, index), get(bytes, index + 5 * 64));
    EXPECT_NE(get(bytes, index), get(bytes, index + 64));
}

TEST_F(PackedShard, OfASizeGivesTheBatchesThatTheFilesGive) {
    for (const int size : {0, 12}) {
        const Manifest packed = read_manifest(pack(size));
        const FaceDataset from_shard(packed, {.size = 12, .cache_bytes = 0}),
            from_files(files_, {.size = 12, .cache_bytes = 0});
        const LoaderOptions options{.batch = 4, .threads = 2, .seed = 3, .augmentation = Augmentation()};
        DataLoader a(from_shard, options), b(from_files, options);
        a.start(1);
        b.start(1);
        int batches = 0;
        while (const std::optional<Batch> expected = b.next()) {
            const std::optional<Batch> found = a.next();
            ASSERT_TRUE(found);
            EXPECT_EQ(found->indices, expected->indices);
            EXPECT_EQ(found->images.to_floats(), expected->images.to_floats());
            ++batches;
        }
        EXPECT_EQ(batches, 2);
    }
    const Manifest packed = read_manifest(folder_ / "s12.shard");
    EXPECT_EQ(packed.shard->size(), 12);
    EXPECT_EQ(picture_bytes(packed, packed.rows[0]), 12u * 12 * 3);
    expect_error([&] { static_cast<void>(picture_file(packed, packed.rows[0])); }, {"pixels of 12 x 12"});
}

TEST_F(PackedShard, PackingThatIsBrokenOffLeavesNothing) {
    struct Interrupted {};
    const auto stop = [](int64_t, int64_t) { throw Interrupted(); };
    EXPECT_THROW(pack_shard(files_, folder_ / "broken" / "off.shard", {}, stop), Error);  // no such folder
    std::filesystem::create_directory(folder_ / "broken");
    EXPECT_THROW(pack_shard(files_, folder_ / "broken" / "off.shard", {}, stop), Interrupted);
    EXPECT_TRUE(std::filesystem::is_empty(folder_ / "broken"));
}

TEST_F(PackedShard, SplitsReadFromTheShard) {
    const Manifest packed = read_manifest(pack());
    const Manifest validation = select_split(packed, "val");
    ASSERT_EQ(validation.rows.size(), 1u);
    EXPECT_EQ(read_picture(validation, validation.rows[0]), read_picture(files_, files_.rows[4]));
}

TEST_F(PackedShard, EveryChangedByteIsNoticed) {
    const std::string bytes = bytes_of(pack());
    // All of header and index, and a byte in each picture and in both texts.
    std::vector<size_t> places;
    const size_t index = get(bytes, 88);
    for (size_t i = 0; i < 128; ++i) places.push_back(i);
    for (size_t i = index; i < bytes.size(); i += 7) places.push_back(i);
    for (size_t row = 0; row < 5; ++row) places.push_back(get(bytes, index + row * 64) + 30);
    places.push_back(get(bytes, 40));
    places.push_back(get(bytes, 64));
    for (const size_t place : places) {
        std::string changed = bytes;
        changed[place] = char(changed[place] ^ 0x20);
        SCOPED_TRACE(place);
        if (place < 8) {
            EXPECT_FALSE((write_file_atomically(folder_ / "broken.shard", changed),
                          is_shard(folder_ / "broken.shard")));
        } else {
            refuse(changed, {"broken.shard"});
        }
    }
}

TEST_F(PackedShard, TruncatedAnywhereSaysSo) {
    const std::string bytes = bytes_of(pack());
    for (const size_t length : {size_t{8}, size_t{127}, size_t{128}, bytes.size() / 2, bytes.size() - 1})
        refuse(bytes.substr(0, length), {"broken.shard", "truncated", std::to_string(length)});
    refuse(bytes + "x", {"broken.shard", "followed by other bytes"});
}

TEST_F(PackedShard, HostileNumbersAreRefusedBeforeAnythingIsAllocated) {
    const std::string original = bytes_of(pack(12));
    const size_t index = get(original, 88);
    const auto change = [&](size_t at, uint64_t value, size_t width, const std::vector<std::string>& parts) {
        std::string bytes = original;
        put(bytes, at, value, width);
        seal(bytes);
        refuse(bytes, parts);
    };
    const uint64_t huge = ~uint64_t{0};
    change(8, 1, 4, {"version 2", "version 1", "pack its pictures again"});
    change(24, huge, 8, {"index", "rows"});
    change(24, 5, 8, {"index", "5 rows"});
    change(40, huge - 8, 8, {"the manifest", "outside the file"});
    change(48, huge, 8, {"the manifest", "outside the file"});
    change(72, original.size(), 8, {"prepare.json", "outside the file"});
    change(index, huge - 100, 8, {"row 1", "outside the file"});
    change(index + 64, 0, 8, {"row 2", "outside the file"});
    change(index + 8, huge, 8, {"row 1", "outside the file"});
    change(index + 24, 0xffffffff, 4, {"row 1", "4294967295 x 12"});
    change(index + 24, 0, 4, {"row 1", "0 x 12"});
    change(index + 32, 9, 4, {"row 1", "encoding 9"});
    change(index + 16, 1, 8, {"checksum", "row 1"});
}

TEST_F(PackedShard, AFileThatShrinksWhileItIsOpenIsAnError) {
    const std::filesystem::path path = pack();
    const Manifest packed = read_manifest(path);
    std::filesystem::resize_file(path, 200);
    expect_error([&] { static_cast<void>(read_picture(packed, packed.rows[0])); }, {"shortened", "200"});
}

TEST_F(PackedShard, PackingRefusesWhatCannotBeTrainedOn) {
    expect_error([&] { pack_shard(files_, folder_ / "no.shard", {.size = -1}); }, {"-1"});
    expect_error([&] { pack_shard({}, folder_ / "no.shard", {}); }, {"at least one picture"});
    write_file_atomically(folder_ / files_.rows[2].path, "no picture");
    expect_error([&] { pack_shard(files_, folder_ / "no.shard", {}); }, {files_.rows[2].path});
    std::filesystem::remove(folder_ / files_.rows[2].path);
    expect_error([&] { pack_shard(files_, folder_ / "no.shard", {}); },
                 {files_.rows[2].path, "do not exist"});
    EXPECT_FALSE(std::filesystem::exists(folder_ / "no.shard"));
}

}  // namespace
}  // namespace unmask
