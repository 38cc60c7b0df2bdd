// SPDX-License-Identifier: Apache-2.0
#include "models/checkpoint_metadata.h"

#include <charconv>
#include <cmath>

#include "engine/error.h"

namespace unmask {
namespace {

constexpr const char* format_name = "unmask detector";
constexpr int format_version = 1;
constexpr std::string_view training_prefix = "training.";

const std::string& text_of(const CheckpointMetadata& metadata, const std::string& key) {
    const auto place = metadata.find(key);
    if (place == metadata.end()) fail("expected metadata '{}', found none", key);
    return place->second;
}

template <class Number>
Number parse_number(const std::string& key, std::string_view text) {
    Number number{};
    const auto [end, problem] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (problem != std::errc() || end != text.data() + text.size())
        fail("metadata '{}': expected a number, found '{}'", key, text);
    return number;
}

template <class Number>
Number number_of(const CheckpointMetadata& metadata, const std::string& key) {
    return parse_number<Number>(key, text_of(metadata, key));
}

std::string text_of_three(const std::array<double, 3>& values) {
    return fmt::format("{} {} {}", values[0], values[1], values[2]);
}

std::array<double, 3> three_of(const CheckpointMetadata& metadata, const std::string& key) {
    const std::string& text = text_of(metadata, key);
    const size_t first = text.find(' '),
                 second = first == std::string::npos ? first : text.find(' ', first + 1);
    if (second == std::string::npos) fail("metadata '{}': expected three numbers, found '{}'", key, text);
    const std::string_view view = text;
    return {parse_number<double>(key, view.substr(0, first)),
            parse_number<double>(key, view.substr(first + 1, second - first - 1)),
            parse_number<double>(key, view.substr(second + 1))};
}

void check_preprocessing(const Preprocessing& preprocessing) {
    for (size_t i = 0; i < 3; ++i)
        if (!std::isfinite(preprocessing.mean[i]) || !std::isfinite(preprocessing.deviation[i]) ||
            preprocessing.deviation[i] <= 0.0)
            fail("preprocessing: expected finite means and positive deviations, found {} and {}",
                 preprocessing.mean[i], preprocessing.deviation[i]);
    if (!(preprocessing.face_margin > 0.0 && preprocessing.face_margin <= 100.0))
        fail("preprocessing: expected a face margin above 0 and at most 100, found {}",
             preprocessing.face_margin);
    if (preprocessing.crop_size < 1 || preprocessing.crop_size > 16384)
        fail("preprocessing: expected a crop size of 1 to 16384, found {}", preprocessing.crop_size);
}

std::optional<Calibration> parse_calibration(const CheckpointMetadata& metadata) {
    if (!metadata.contains("temperature")) return {};
    const Calibration calibration{
        .temperature = number_of<double>(metadata, "temperature"),
        .thresholds = {number_of<double>(metadata, "real_up_to"), number_of<double>(metadata, "fake_from")},
        .data = text_of(metadata, "calibrated_on"),
        .real = number_of<int64_t>(metadata, "calibrated_on_real"),
        .fake = number_of<int64_t>(metadata, "calibrated_on_fake")};
    check_calibration(calibration);
    return calibration;
}

}  // namespace

void check_checkpoint_format(const CheckpointMetadata& metadata) {
    const auto format = metadata.find("format");
    if (format == metadata.end() || format->second != format_name)
        fail("expected a file of format '{}', found '{}'; unmask convert takes models of other programs",
             format_name, format == metadata.end() ? "none" : format->second);
    if (const int version = number_of<int>(metadata, "format_version"); version != format_version)
        fail("expected format version {}, found {}", format_version, version);
    if (const std::string& layout = text_of(metadata, "layout"); layout != detector_layout)
        fail("expected convolution weights as {}, found '{}'", detector_layout, layout);
}

DetectorOptions parse_detector_options(const CheckpointMetadata& metadata) {
    DetectorOptions options;
    options.backbone = text_of(metadata, "backbone");
    options.branches = number_of<int>(metadata, "branches");
    options.width = number_of<double>(metadata, "width");
    options.size = number_of<int>(metadata, "size");
    options.dropout = number_of<double>(metadata, "dropout");
    return options;
}

CheckpointInfo parse_checkpoint_info(const CheckpointMetadata& metadata) {
    CheckpointInfo info;
    info.preprocessing.mean = three_of(metadata, "mean");
    info.preprocessing.deviation = three_of(metadata, "deviation");
    info.preprocessing.face_margin = number_of<double>(metadata, "face_margin");
    info.preprocessing.crop_size = number_of<int>(metadata, "crop_size");
    // Files of before there was alignment do not say it.
    if (metadata.contains("aligned")) info.preprocessing.aligned = number_of<int>(metadata, "aligned") != 0;
    check_preprocessing(info.preprocessing);
    if (metadata.contains("weights")) info.weights = parse_weight_format(text_of(metadata, "weights"));
    info.calibration = parse_calibration(metadata);
    for (const auto& [key, value] : metadata)
        if (key.starts_with(training_prefix)) info.training[key.substr(training_prefix.size())] = value;
    return info;
}

CheckpointMetadata checkpoint_metadata(const DetectorOptions& options, const CheckpointInfo& info) {
    check_preprocessing(info.preprocessing);
    CheckpointMetadata metadata = {{"format", format_name},
                                   {"format_version", std::to_string(format_version)},
                                   {"layout", detector_layout},
                                   {"backbone", options.backbone},
                                   {"branches", std::to_string(options.branches)},
                                   {"width", fmt::format("{}", options.width)},
                                   {"size", std::to_string(options.size)},
                                   {"dropout", fmt::format("{}", options.dropout)},
                                   {"mean", text_of_three(info.preprocessing.mean)},
                                   {"deviation", text_of_three(info.preprocessing.deviation)},
                                   {"face_margin", fmt::format("{}", info.preprocessing.face_margin)},
                                   {"crop_size", std::to_string(info.preprocessing.crop_size)},
                                   {"aligned", info.preprocessing.aligned ? "1" : "0"}};
    if (info.weights != WeightFormat::f32) metadata["weights"] = std::string(name_of(info.weights));
    if (info.calibration) put_calibration(metadata, *info.calibration);
    for (const auto& [key, value] : info.training) metadata[std::string(training_prefix) + key] = value;
    return metadata;
}

void put_calibration(CheckpointMetadata& metadata, const Calibration& calibration) {
    check_calibration(calibration);
    metadata["temperature"] = fmt::format("{}", calibration.temperature);
    metadata["real_up_to"] = fmt::format("{}", calibration.thresholds.real_up_to);
    metadata["fake_from"] = fmt::format("{}", calibration.thresholds.fake_from);
    metadata["calibrated_on"] = calibration.data;
    metadata["calibrated_on_real"] = std::to_string(calibration.real);
    metadata["calibrated_on_fake"] = std::to_string(calibration.fake);
}

}  // namespace unmask
