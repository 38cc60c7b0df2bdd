// SPDX-License-Identifier: Apache-2.0
#include "apps/explanation/genuine_maps.h"

#include <gtest/gtest.h>

#include "apps/detection/face_scorer.h"
#include "apps/explanation/grad_cam.h"
#include "data/manifest.h"
#include "engine/error.h"
#include "tests/apps/tiny_faces.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class GenuineMapsOfFaces : public testing::Test {
  protected:
    GenuineMapsOfFaces() {
        write_tiny_faces(folder_.path(), 0, 10, 0);
        pictures_ =
            std::make_unique<FaceDataset>(read_manifest(folder_ / "faces.csv"), DatasetOptions{.size = 64});
        detector_.initialize(3);
    }
    GenuineMaps measure(int batch) { return measure_genuine_maps(detector_, *pictures_, {}, batch, {}); }

    TemporaryFolder folder_;
    std::unique_ptr<FaceDataset> pictures_;
    Detector detector_{{.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 64}};
};

TEST_F(GenuineMapsOfFaces, AreTheMeansOverTheRealPicturesWhateverTheBatch) {
    const GenuineMaps all = measure(32), pairs = measure(2);
    ASSERT_EQ(all.branches.size(), 2u);
    EXPECT_TRUE(detector_.training());
    detector_.set_training(false);
    std::vector<double> expected(size_t(all.branches[1].numel()), 0.0);
    int real = 0;
    for (size_t i = 0; i < pictures_->size(); ++i) {
        if (pictures_->row(i).label == 1) continue;
        ++real;
        const NoGrad nothing_recorded;
        const std::shared_ptr<const Image> picture = pictures_->image(i);
        const std::vector<float> map =
            detector_.feature_maps(images_of({picture.get()}, 64, {}))[1].value().to_floats();
        for (size_t k = 0; k < map.size(); ++k) expected[k] += double(map[k]) / 5;
    }
    ASSERT_EQ(real, 5);
    for (size_t k = 0; k < expected.size(); ++k) {
        EXPECT_NEAR(all.branches[1].data<float>()[k], expected[k], 1e-5);
        EXPECT_NEAR(all.branches[1].data<float>()[k], pairs.branches[1].data<float>()[k], 1e-5);
    }
}

// The average genuine face speaks nowhere for a forgery more than elsewhere.
TEST_F(GenuineMapsOfFaces, AFaceThatIsLikeThemHasAnEmptyHeatMap) {
    detector_.set_training(false);
    const std::shared_ptr<const Image> face = pictures_->image(0);
    const Tensor image = images_of({face.get()}, 64, {});
    GenuineMaps itself;
    for (const Variable& map : detector_.feature_maps(image)) {
        const Tensor value = map.value();
        itself.branches.push_back(
            Tensor::from({value.dim(1), value.dim(2), value.dim(3)}, value.to_floats()));
    }
    const auto energy = [&](const GenuineMaps& genuine) {
        double sum = 0;
        const HeatMaps maps = grad_cam(detector_, image, genuine)[0];
        for (const float value : maps.whole.values) sum += double(value);
        for (const HeatMap& branch : maps.branches)
            for (const float value : branch.values) sum += double(value);
        return sum;
    };
    EXPECT_GT(energy({}), 0);
    EXPECT_LT(energy(itself), 1e-4 * energy({}));
    itself.branches.pop_back();
    EXPECT_THROW(static_cast<void>(grad_cam(detector_, image, itself)), Error);
    itself.branches.push_back(Tensor::from({1}, std::vector<float>{1}));
    EXPECT_THROW(static_cast<void>(grad_cam(detector_, image, itself)), Error);
}

TEST_F(GenuineMapsOfFaces, AreKeptInTheModelFileAndCheckedOnReading) {
    const GenuineMaps maps = measure(32);
    save_detector(folder_ / "model.safetensors", detector_, nullptr, {}, tensors_of(maps));
    const GenuineMaps read = genuine_maps_of(load_detector(folder_ / "model.safetensors"));
    ASSERT_EQ(read.branches.size(), 2u);
    for (size_t i = 0; i < 2; ++i) EXPECT_EQ(read.branches[i].to_floats(), maps.branches[i].to_floats());
    save_detector(folder_ / "without.safetensors", detector_);
    EXPECT_TRUE(genuine_maps_of(load_detector(folder_ / "without.safetensors")).branches.empty());
    std::map<std::string, Tensor> one = tensors_of(maps);
    one.erase("genuine_maps.1");
    save_detector(folder_ / "one.safetensors", detector_, nullptr, {}, one);
    EXPECT_THROW(static_cast<void>(genuine_maps_of(load_detector(folder_ / "one.safetensors"))), Error);
    save_detector(folder_ / "other.safetensors", detector_, nullptr, {},
                  {{"genuine_maps.0", Tensor::from({2}, std::vector<float>{1, 2})}});
    EXPECT_THROW(static_cast<void>(genuine_maps_of(load_detector(folder_ / "other.safetensors"))), Error);
}

TEST_F(GenuineMapsOfFaces, WithoutRealPicturesThereAreNone) {
    Manifest fakes = read_manifest(folder_ / "faces.csv");
    std::erase_if(fakes.rows, [](const ManifestRow& row) { return row.label == 0; });
    const FaceDataset pictures(fakes, {.size = 64});
    EXPECT_TRUE(measure_genuine_maps(detector_, pictures, {}, 8, {}).branches.empty());
}

}  // namespace
}  // namespace unmask
