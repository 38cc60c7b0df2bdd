// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/export_torch.h"

#include <fmt/format.h>

#include "engine/error.h"
#include "models/exchange/channel_order.h"
#include "models/exchange/fit.h"
#include "models/exchange/names.h"
#include "models/exchange/state_dict.h"

namespace unmask {
namespace {

// What the paper's code has and never uses: a head over no features for a single branch, MobileNet's
// classifier.
void add_unused_of_paper(TensorFile& file, const Detector& detector) {
    constexpr int64_t classes = 2, imagenet_classes = 1000;
    const DetectorOptions& options = detector.options();
    if (options.branches == 1) {
        file.tensors["local_linear1.weight"] = Tensor::zeros({classes, 0});
        file.tensors["local_linear1.bias"] = Tensor::zeros({classes});
    }
    for (int branch = 1; options.backbone == "mobilenet_v1" && branch <= options.branches; ++branch) {
        const std::string classifier = fmt::format("region_model{}.fc.", branch);
        file.tensors[classifier + "weight"] = Tensor::zeros({imagenet_classes, detector.features()});
        file.tensors[classifier + "bias"] = Tensor::zeros({imagenet_classes});
    }
}

}  // namespace

std::vector<std::string> export_torch(const std::filesystem::path& path, const Detector& detector,
                                      const CheckpointInfo& info, TorchNames names) {
    std::vector<std::string> notices;
    CheckpointInfo whole = info;
    whole.weights = WeightFormat::f32;
    TensorFile content = detector_content(detector, nullptr, whole, {});
    content.metadata["layout"] = torch_detector_layout;
    if (names == TorchNames::paper) {
        Preprocessing of_paper;
        exchange_red_and_blue(of_paper);
        const bool of_paper_statistics =
            info.preprocessing.mean == of_paper.mean && info.preprocessing.deviation == of_paper.deviation;
        if (of_paper_statistics) {
            exchange_red_and_blue(content.tensors);
            notices.emplace_back("the network takes BGR again, as the paper's code reads pictures");
        } else {
            notices.emplace_back("the network takes RGB, while the paper's code reads pictures as BGR");
        }
        content.metadata.clear();
        notices.push_back(fmt::format(
            "the paper's names leave no place for what else it takes to use them: to convert them back give "
            "--size {}{}; crop and calibration are lost",
            detector.options().size, of_paper_statistics ? "" : " --rgb"));
    }
    TensorFile file;
    file.metadata = content.metadata;
    for (const auto& [name, tensor] : content.tensors) {
        const std::string written = names == TorchNames::paper ? name_in_paper(name).value_or("") : name;
        UNMASK_ASSERT(!written.empty());
        file.tensors[written] = to_oihw(tensor.to(cpu_device));
    }
    if (names == TorchNames::paper) add_unused_of_paper(file, detector);
    write_torch_file(path, file);
    return notices;
}

}  // namespace unmask
