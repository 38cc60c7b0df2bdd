// SPDX-License-Identifier: Apache-2.0
#include "data/loader.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <sys/resource.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <set>

#include "data/picture.h"
#include "engine/atomic_file.h"
#include "tests/data/tiny_pictures.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class Loader : public testing::Test {
  protected:
    Loader() {
        manifest_.directory = folder_.path();
        for (int i = 0; i < 23; ++i) {
            Image image(20, 16);
            for (size_t k = 0; k < image.pixels.size(); ++k)
                image.pixels[k] = uint8_t(k * 7 + size_t(i) * 31);
            const std::string name = "p" + std::to_string(i) + ".png";
            write_png(folder_ / name, image);
            manifest_.rows.push_back(
                {.path = name, .video = name, .split = "train", .label = i % 3 == 0 ? 1 : 0});
        }
    }
    FaceDataset dataset(int64_t cache_bytes = 1 << 20) const {
        return {manifest_, {.size = 12, .cache_bytes = cache_bytes}};
    }

    TemporaryFolder folder_;
    Manifest manifest_;
};

struct Epoch {
    std::vector<size_t> indices;
    std::vector<float> values, labels;
    std::vector<int64_t> sizes;
    bool operator==(const Epoch&) const = default;
};

Epoch collect(DataLoader& loader, int64_t epoch, int64_t first_batch = 0) {
    Epoch collected;
    loader.start(epoch, first_batch);
    while (const std::optional<Batch> batch = loader.next()) {
        collected.indices.insert(collected.indices.end(), batch->indices.begin(), batch->indices.end());
        const std::vector<float> values = batch->images.to_floats(), labels = batch->labels.to_floats();
        collected.values.insert(collected.values.end(), values.begin(), values.end());
        collected.labels.insert(collected.labels.end(), labels.begin(), labels.end());
        collected.sizes.push_back(batch->images.dim(0));
    }
    return collected;
}

TEST_F(Loader, GivesTheSameBytesWithOneThreadAndWithThree) {
    const FaceDataset faces = dataset(), uncached = dataset(0);
    EXPECT_TRUE(faces.keeps_pictures());
    EXPECT_FALSE(uncached.keeps_pictures());
    LoaderOptions options{.batch = 4, .threads = 1, .prefetch = 1, .seed = 5, .augmentation = Augmentation()};
    DataLoader one(faces, options);
    options.threads = 3;
    options.prefetch = 4;
    DataLoader three(uncached, options);
    for (const int64_t epoch : {0, 1, 2}) {
        const Epoch expected = collect(one, epoch);
        EXPECT_EQ(expected.sizes.size(), 6u);
        EXPECT_EQ(collect(three, epoch), expected);
        // An epoch can be given again, in any order.
        EXPECT_EQ(collect(three, epoch), expected);
    }
    EXPECT_NE(collect(one, 1).indices, collect(one, 2).indices);
}

TEST_F(Loader, EveryPictureOnceWithItsLabelNormalised) {
    const FaceDataset faces = dataset();
    DataLoader loader(faces, {.batch = 5, .threads = 2});
    const Epoch epoch = collect(loader, 0);
    EXPECT_EQ(std::set<size_t>(epoch.indices.begin(), epoch.indices.end()).size(), 23u);
    EXPECT_EQ(epoch.indices.size(), 23u);
    EXPECT_EQ(epoch.sizes.back(), 3);
    const size_t values = 12 * 12 * 3;
    for (size_t i = 0; i < epoch.indices.size(); ++i) {
        EXPECT_EQ(epoch.labels[i], float(faces.row(epoch.indices[i]).label));
        const auto image = faces.image(epoch.indices[i]);
        for (const size_t k : {size_t{0}, size_t{100}, values - 1}) {
            const double mean = std::vector{0.485, 0.456, 0.406}[k % 3],
                         deviation = std::vector{0.229, 0.224, 0.225}[k % 3];
            EXPECT_NEAR(epoch.values[i * values + k], (image->pixels[k] / 255.0 - mean) / deviation, 1e-5);
        }
    }
}

TEST_F(Loader, DropsTheIncompleteBatchUnlessItIsTheOnlyOne) {
    const FaceDataset faces = dataset();
    DataLoader dropping(faces, {.batch = 5, .drop_last = true});
    EXPECT_EQ(dropping.batches(), 4);
    EXPECT_EQ(dropping.pictures(), 20);
    EXPECT_EQ(collect(dropping, 0).sizes, (std::vector<int64_t>{5, 5, 5, 5}));
    DataLoader single(faces, {.batch = 50, .drop_last = true});
    EXPECT_EQ(collect(single, 0).sizes, (std::vector<int64_t>{23}));
    DataLoader keeping(faces, {.batch = 5});
    EXPECT_EQ(keeping.batches(), 5);
    EXPECT_EQ(collect(keeping, 0).sizes.back(), 3);
}

TEST_F(Loader, AFileThatCannotBeReadIsNamedNotReplaced) {
    write_file_atomically(folder_ / "p7.png", "no picture");
    const FaceDataset faces = dataset(0);
    DataLoader loader(faces, {.batch = 4, .threads = 3, .sampling = {.shuffle = false}});
    loader.start(0);
    EXPECT_TRUE(loader.next().has_value());
    expect_error([&] { static_cast<void>(loader.next()); }, {"p7.png"});
    loader.start(1);
    EXPECT_TRUE(loader.next().has_value());
}

TEST_F(Loader, AnEpochMayBeLeftEarly) {
    const FaceDataset faces = dataset();
    DataLoader loader(faces, {.batch = 2, .threads = 3, .prefetch = 5, .seed = 1});
    const Epoch expected = collect(loader, 4);
    for (int i = 0; i < 20; ++i) {
        loader.start(i);
        EXPECT_TRUE(loader.next().has_value());
    }
    EXPECT_EQ(collect(loader, 4), expected);
}

TEST_F(Loader, AnEpochBegunInTheMiddleGivesTheRestOfIt) {
    const FaceDataset faces = dataset(0);
    DataLoader loader(faces, {.batch = 5, .threads = 2, .seed = 3, .augmentation = Augmentation()});
    const Epoch whole = collect(loader, 2);
    const size_t values = 12 * 12 * 3;
    for (const size_t first : {1u, 3u, 4u, 5u}) {
        const Epoch rest = collect(loader, 2, int64_t(first));
        const size_t skipped = std::min<size_t>(first * 5, 23);
        EXPECT_EQ(rest.indices, std::vector(whole.indices.begin() + int64_t(skipped), whole.indices.end()));
        EXPECT_EQ(rest.values,
                  std::vector(whole.values.begin() + int64_t(skipped * values), whole.values.end()));
        EXPECT_EQ(rest.sizes.size(), 5 - first);
    }
    expect_error([&] { loader.start(2, 6); }, {"5 batches", "batch 6"});
    expect_error([&] { loader.start(2, -1); }, {"5 batches", "batch -1"});
    // The pictures of the batches before are not opened.
    for (size_t i = 0; i < 10; ++i) std::filesystem::remove(folder_ / manifest_.rows[i].path);
    DataLoader in_order(faces, {.batch = 5, .sampling = {.shuffle = false}});
    EXPECT_EQ(collect(in_order, 0, 2).indices.front(), 10u);
}

TEST_F(Loader, SplitsAreSelectedAndDescribed) {
    manifest_.rows[0].split = "val";
    manifest_.rows[1].split.clear();
    EXPECT_EQ(select_split(manifest_, "train").rows.size(), 21u);
    EXPECT_EQ(select_split(manifest_, "val").rows[0].path, "p0.png");
    EXPECT_EQ(select_split(manifest_, "all").rows.size(), 23u);
    EXPECT_EQ(select_split(manifest_, "").rows.size(), 1u);
    EXPECT_EQ(describe_splits(manifest_), "train 21, val 1, test 0, no split 1");
}

TEST_F(Loader, WrongNumbersAreRefused) {
    const FaceDataset faces = dataset();
    expect_error([&] { DataLoader(faces, {.batch = 0}); }, {"batch = 0"});
    expect_error([&] { DataLoader(faces, {.threads = 0}); }, {"thread", "0"});
    expect_error([&] { FaceDataset({}, {}); }, {"at least one picture"});
}

// Room for a few of the threads, whose stacks are made large: the others cannot be started.
TEST(LoaderThreads, WithoutMemoryForItsThreadsIsAnError) {
    const TinyPictures pictures(4);
    const FaceDataset dataset = pictures.dataset(8);
    pthread_attr_t before, large;
    ASSERT_EQ(::pthread_getattr_default_np(&before), 0);
    ASSERT_EQ(::pthread_getattr_default_np(&large), 0);
    constexpr size_t stack = size_t{1} << 30;
    ASSERT_EQ(::pthread_attr_setstacksize(&large, stack), 0);
    rlimit limit{};
    ASSERT_EQ(::getrlimit(RLIMIT_AS, &limit), 0);
    size_t pages = 0;
    std::ifstream("/proc/self/statm") >> pages;
    rlimit small = limit;
    small.rlim_cur = pages * size_t(::sysconf(_SC_PAGESIZE)) + 5 * stack / 2;
    ::pthread_setattr_default_np(&large);
    ::setrlimit(RLIMIT_AS, &small);
    std::string problem;
    try {
        const DataLoader loader(dataset, {.batch = 2, .threads = 8});
    } catch (const Error& error) {
        problem = error.what();
    }
    ::setrlimit(RLIMIT_AS, &limit);
    ::pthread_setattr_default_np(&before);
    EXPECT_NE(problem.find("only 2 of 8 threads could be started"), std::string::npos) << problem;
}

}  // namespace
}  // namespace unmask
