// SPDX-License-Identifier: Apache-2.0
// Small models and pictures for the tests of libunmask.
#pragma once

#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <map>
#include <string>
#include <vector>

#include "data/image.h"
#include "data/normalisation.h"
#include "models/checkpoint.h"

namespace unmask {

// Waves of colour, another picture for each number.
inline Image drawn_picture(int width, int height, int number) {
    Image image(width, height);
    for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
            for (int c = 0; c < 3; ++c)
                image.at(x, y)[c] = uint8_t(
                    127.5 + 120 * std::sin(0.11 * (number + 1) * x + 0.07 * (c + 1) * y + 0.9 * number * c));
    return image;
}

// The difference of the logits of a picture, as its whole is taken for a face crop.
inline double log_odds(Detector& detector, const Image& picture) {
    const int size = detector.options().size;
    const Tensor images = Tensor::empty({1, size, size, 3});
    normalise(resize(picture, size, size), {}, images.data<float>());
    const std::vector<double> logits = detector.infer(images).to_doubles();
    return logits[1] - logits[0];
}

// A detector whose scores differ from picture to picture, as a model file: the log odds of drawn pictures 0
// and 1 are 1 and -1.
inline void write_small_model(const std::filesystem::path& path, const CheckpointInfo& info = {}) {
    Detector detector({.backbone = "resnet18", .branches = 2, .width = 0.125, .size = 64, .dropout = 0.5});
    detector.initialize(3);
    detector.set_training(false);
    detector.prepare_inference();
    const double first = log_odds(detector, drawn_picture(80, 60, 0)),
                 second = log_odds(detector, drawn_picture(80, 60, 1));
    const double scale = 2 / (first - second);
    std::map<std::string, Tensor> state = detector.state();
    std::vector<float> weight = state.at("global_head.weight").to_floats();
    std::vector<float> bias = state.at("global_head.bias").to_floats();
    for (float& value : weight) value = float(value * scale);
    for (float& value : bias) value = float(value * scale);
    bias[0] += float(scale * (first + second) / 2);
    state["global_head.weight"] = Tensor::from(state.at("global_head.weight").shape(), weight);
    state["global_head.bias"] = Tensor::from(state.at("global_head.bias").shape(), bias);
    detector.load_state(state);
    save_detector(path, detector, nullptr, info);
}

// Uncompressed, 24 bits: a format that needs no encoder.
inline void write_bmp(const std::filesystem::path& path, const Image& image) {
    const uint32_t row = uint32_t(image.width * 3 + 3) / 4 * 4, data = row * uint32_t(image.height);
    std::vector<uint8_t> bytes(54 + data);
    const auto put = [&](size_t at, uint32_t value, int count) {
        for (int i = 0; i < count; ++i) bytes[at + size_t(i)] = uint8_t(value >> (8 * i));
    };
    bytes[0] = 'B';
    bytes[1] = 'M';
    put(2, 54 + data, 4);
    put(10, 54, 4);
    put(14, 40, 4);
    put(18, uint32_t(image.width), 4);
    put(22, uint32_t(image.height), 4);
    put(26, 1, 2);
    put(28, 24, 2);
    for (int y = 0; y < image.height; ++y)
        for (int x = 0; x < image.width; ++x)
            for (int c = 0; c < 3; ++c)
                bytes[54 + size_t(image.height - 1 - y) * row + size_t(x) * 3 + size_t(c)] =
                    image.at(x, y)[2 - c];
    std::ofstream(path, std::ios::binary)
        .write(reinterpret_cast<const char*>(bytes.data()), std::streamsize(bytes.size()));
}

}  // namespace unmask
