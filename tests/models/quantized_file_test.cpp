// SPDX-License-Identifier: Apache-2.0
// Files of detectors in 8-bit integers: what is wrong with one is named.
#include <gtest/gtest.h>

#include <cmath>

#include "models/checkpoint.h"
#include "tests/models/quantized_detector.h"
#include "tests/support/expect_error.h"
#include "tests/support/temporary_folder.h"

namespace unmask {
namespace {

class QuantizedFile : public testing::Test {
  protected:
    QuantizedFile() {
        const auto detector = small_detector("resnet18");
        save_detector(path_, *detector, nullptr,
                      {.weights = WeightFormat::int8,
                       .quantization = Quantization{scales_of(*detector), "max", "faces.csv", 12}});
        file_ = read_safetensors(path_);
    }
    void refuse(const std::vector<std::string>& texts) {
        write_safetensors(path_, file_);
        std::vector<std::string> all{path_.string()};
        all.insert(all.end(), texts.begin(), texts.end());
        expect_error([&] { (void)load_detector(path_); }, all);
    }
    TemporaryFolder folder_;
    std::filesystem::path path_ = folder_.path() / "m.safetensors";
    TensorFile file_;
    const std::string name_ = "branches.1.layer2.0.conv1.output_scale";
};

TEST_F(QuantizedFile, AMissingScaleIsNamed) {
    ASSERT_EQ(file_.tensors.erase(name_), 1u);
    refuse({name_, "found none"});
}
TEST_F(QuantizedFile, AMissingImageScaleIsNamed) {
    ASSERT_EQ(file_.tensors.erase("branches.1.conv1.input_scale"), 1u);
    refuse({"resnet18", "found none of conv1"});
}
TEST_F(QuantizedFile, AnUnknownScaleIsNamed) {
    file_.tensors["branches.7.conv1.output_scale"] = Tensor::full({1}, 1.0);
    refuse({"branches.7.conv1.output_scale", "convolution of this model"});
}
TEST_F(QuantizedFile, AScaleOfAnotherDTypeIsNamed) {
    file_.tensors[name_] = Tensor::full({1}, 1.0, DType::f64);
    refuse({name_, "f32", "f64"});
}
TEST_F(QuantizedFile, AScaleOfAnotherShapeIsNamed) {
    file_.tensors[name_] = Tensor::full({2}, 1.0);
    refuse({name_, "one scale", "[2]"});
}
TEST_F(QuantizedFile, AScaleOutOfRangeIsNamed) {
    for (const double bad : {0.0, -1.0, double(INFINITY), double(NAN)}) {
        file_.tensors[name_] = Tensor::full({1}, bad);
        refuse({name_, "positive"});
    }
}
TEST_F(QuantizedFile, UnknownArithmeticIsNamed) {
    file_.metadata["arithmetic"] = "int4";
    refuse({"arithmetic", "int8", "int4"});
}
TEST_F(QuantizedFile, ScalesWithoutTheirArithmeticAreUnknownTensors) {
    file_.metadata.erase("arithmetic");
    refuse({"output_scale is unknown"});
}
TEST_F(QuantizedFile, TheNumberOfPicturesIsANumber) {
    file_.metadata["quantized_on_pictures"] = "many";
    refuse({"quantized_on_pictures", "many"});
}
TEST_F(QuantizedFile, AMissingWeightScaleIsNamed) {
    ASSERT_EQ(file_.tensors.erase("branches.0.conv1.weight.scale"), 1u);
    refuse({"branches.0.conv1.weight", "scales"});
}

}  // namespace
}  // namespace unmask
