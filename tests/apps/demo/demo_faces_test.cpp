// SPDX-License-Identifier: Apache-2.0
#include "apps/demo/demo_faces.h"

#include <gtest/gtest.h>

#include <fstream>
#include <set>
#include <tuple>

#include "data/manifest.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

using Names = std::set<std::string>;

DemoFacesOptions small_faces(int people) {
    DemoFacesOptions options;
    options.set_people(people);
    options.frames = 1;
    options.picture_size = 48;
    options.crop_size = 32;
    return options;
}

Names crops_in(const std::filesystem::path& folder) {
    Names names;
    for (const auto& entry : std::filesystem::directory_iterator(folder / "crops"))
        names.insert("crops/" + entry.path().filename().string());
    return names;
}

Names rows_of(const std::filesystem::path& manifest) {
    Names names;
    for (const ManifestRow& row : read_manifest(manifest).rows) names.insert(row.path);
    return names;
}

TEST(DemoFaces, FewerThanBeforeReplaceThemAll) {
    const TemporaryFolder folder;
    draw_demo_faces(folder.path(), small_faces(4));
    std::ofstream(folder / "crops/mine.jpg") << "no face of the demo";
    const Names many = crops_in(folder.path());
    Names expected = rows_of(draw_demo_faces(folder.path(), small_faces(2)));
    EXPECT_EQ(expected.size(), 8u);  // of four people
    EXPECT_LT(expected.size(), many.size());
    expected.insert("crops/mine.jpg");
    EXPECT_EQ(crops_in(folder.path()), expected);
}

TEST(DemoFaces, SomeValidateAndTest) {
    for (const auto& [train, val, test] : {std::tuple{2, 1, 1}, {10, 1, 2}, {500, 50, 100}, {99, 9, 19}}) {
        DemoFacesOptions options;
        options.set_people(train);
        EXPECT_EQ(options.train_people, train);
        EXPECT_EQ(options.val_people, val);
        EXPECT_EQ(options.test_people, test);
    }
    const DemoFacesOptions as_they_are;
    DemoFacesOptions options;
    options.set_people(as_they_are.train_people);
    EXPECT_EQ(options.val_people, as_they_are.val_people);
    EXPECT_EQ(options.test_people, as_they_are.test_people);
}

}  // namespace
}  // namespace unmask
