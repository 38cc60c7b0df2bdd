// SPDX-License-Identifier: Apache-2.0
// Whether heat maps lie where a forgery is: a detector is trained on drawn faces, and asked about people that
// it has not seen, of whom it is known which part of the face was replaced.
#include <gtest/gtest.h>

#include "apps/demo/demo_training.h"
#include "apps/detection/face_scorer.h"
#include "apps/explanation/explain_faces.h"
#include "apps/training/trainer.h"
#include "models/scores.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

constexpr uint64_t seed = 0;
constexpr int input_size = 96;
constexpr int new_people = 60;

// As the demo trains, on fewer people and with a narrower network.
TrainOptions options_for(const std::filesystem::path& data, const std::filesystem::path& output,
                         const DemoFacesOptions& faces) {
    TrainOptions options = demo_training(data, output, faces);
    options.threads = 2;
    options.model.size = input_size;
    options.model.width = 0.125;
    options.epochs = 8;
    return options;
}

// Means over faces of a map's energy in the forged region and outside it, per pixel; each face's map is
// scaled to a mean of 1, so that all faces count alike.
struct Energy {
    double inside = 0, outside = 0;
    int faces = 0;

    void add(const HeatMap& map, const Image& region) {
        const HeatMap large = enlarged(map, region.width, region.height);
        double sums[2] = {}, pixels[2] = {}, all = 0;
        for (size_t i = 0; i < large.values.size(); ++i) {
            const bool is_forged = region.pixels[3 * i] >= 128;
            sums[is_forged] += double(large.values[i]);
            pixels[is_forged] += 1;
            all += double(large.values[i]);
        }
        ASSERT_GT(pixels[0], 0);
        ASSERT_GT(pixels[1], 0);
        ++faces;
        if (all <= 0) return;
        const double mean = all / double(large.values.size());
        outside += sums[0] / pixels[0] / mean;
        inside += sums[1] / pixels[1] / mean;
    }
    [[nodiscard]] double ratio() const { return inside / outside; }
};

struct NewFaces {
    std::vector<Image> forged, originals, regions;

    NewFaces() {
        for (uint64_t i = 0; i < new_people; ++i) {
            const DemoFacesOptions faces;
            DemoClip clip =
                draw_demo_clip(seed, first_new_person + i, true, 1, faces.picture_size, faces.margin);
            const auto cut = [](const Image& image) { return resize(image, input_size, input_size); };
            forged.push_back(cut(clip.frames[0]));
            originals.push_back(cut(clip.originals[0]));
            regions.push_back(cut(clip.forged_region[0]));
        }
    }
};

Energy energy_of(const LoadedDetector& model, const std::vector<Image>& faces,
                 const std::vector<Image>& regions, const GenuineMaps& genuine) {
    std::vector<const Image*> pictures;
    for (const Image& face : faces) pictures.push_back(&face);
    const std::vector<HeatMaps> maps =
        grad_cam(*model.detector, images_of(pictures, input_size, {}), genuine);
    Energy energy;
    for (size_t i = 0; i < maps.size(); ++i) energy.add(maps[i].whole, regions[i]);
    return energy;
}

TEST(ForgedRegion, HoldsTheEnergyOfTheHeatMapOfTheWhole) {
    const TemporaryFolder folder;
    DemoFacesOptions faces;
    faces.train_people = 200;
    faces.test_people = 0;
    faces.seed = seed;
    const std::filesystem::path data = draw_demo_faces(folder / "faces", faces);
    const LoadedDetector model = load_detector(train_detector(options_for(data, folder / "run", faces)).best);
    const GenuineMaps genuine = genuine_maps_of(model);
    ASSERT_EQ(genuine.branches.size(), 2u);

    const NewFaces unseen;
    const double forged = energy_of(model, unseen.forged, unseen.regions, genuine).ratio();
    // The same people in the same pictures, before the forgery: nothing is to be seen there more than
    // elsewhere.
    const double before = energy_of(model, unseen.originals, unseen.regions, genuine).ratio();
    const double without_reference = energy_of(model, unseen.forged, unseen.regions, {}).ratio();
    printf(
        "energy in the forged region over that outside: %.2f, before the forgery %.2f, measured from 0 "
        "%.2f\n",
        forged, before, without_reference);
    EXPECT_GE(forged, 2.0);
    EXPECT_LT(before, 0.75 * forged);
}

TEST(ForgedRegion, IsWhereTheForgeryDiffersFromThePictureBefore) {
    const DemoFacesOptions faces;
    const DemoClip clip = draw_demo_clip(seed, first_new_person, true, 2, faces.picture_size, 0);
    ASSERT_EQ(clip.forged_region.size(), 2u);
    for (size_t frame = 0; frame < 2; ++frame) {
        const Image &after = clip.frames[frame], &before = clip.originals[frame],
                    &region = clip.forged_region[frame];
        int64_t changed[2] = {}, pixels[2] = {};
        for (size_t i = 0; i < region.pixels.size(); i += 3) {
            const bool is_same = std::equal(&after.pixels[i], &after.pixels[i] + 3, &before.pixels[i]);
            if (region.pixels[i] == 0) {
                // A share below 1/510 is 0 here and may still round a pixel's last level otherwise.
                for (size_t c = 0; c < 3; ++c) ASSERT_NEAR(after.pixels[i + c], before.pixels[i + c], 1);
            }
            const bool is_forged = region.pixels[i] >= 128;
            ++pixels[is_forged];
            changed[is_forged] += !is_same;
        }
        EXPECT_GT(double(changed[1]), 0.95 * double(pixels[1]));
        EXPECT_LT(double(changed[0]), 0.4 * double(pixels[0]));  // the soft edge
        EXPECT_GT(double(pixels[1]), 0.05 * double(pixels[0]));
    }
    EXPECT_TRUE(draw_demo_clip(seed, first_new_person, false, 1, 64).forged_region.empty());
}

}  // namespace
}  // namespace unmask
