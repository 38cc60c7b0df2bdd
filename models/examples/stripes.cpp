// SPDX-License-Identifier: Apache-2.0
// The engine by itself: a network of one's own learns to tell noisy upright stripes from level ones, on the
// device that is named (cpu, cuda:0), is written to a file and read back. docs/engine.md goes through it.
#include <cmath>
#include <cstdio>
#include <exception>
#include <memory>
#include <string>
#include <vector>

#include "engine/context.h"
#include "engine/optimizer.h"
#include "engine/philox.h"
#include "engine/safetensors.h"
#include "layers/conv_norm_activation.h"
#include "layers/evaluation_mode.h"
#include "layers/linear.h"
#include "layers/pooling.h"
#include "losses/cross_entropy.h"

namespace {

using namespace unmask;

constexpr int64_t batch = 32, side = 16;

// Parameters: stem.{conv,norm}.…, body.{conv,norm}.…, head.{weight,bias}.
class StripeNetwork final : public Module {
  public:
    // images [batch, side, side, 1] -> logits [batch, 2].
    Variable forward(const Variable& images) { return head_(pool_(body_(stem_(images)))); }

  private:
    ConvNormActivation& stem_ = add_module(
        "stem", std::make_unique<ConvNormActivation>(ConvNormActivationOptions{
                    .in_channels = 1, .out_channels = 8, .conv_name = "conv", .norm_name = "norm"}));
    ConvNormActivation& body_ = add_module(
        "body",
        std::make_unique<ConvNormActivation>(ConvNormActivationOptions{
            .in_channels = 8, .out_channels = 16, .stride = 2, .conv_name = "conv", .norm_name = "norm"}));
    GlobalAveragePool& pool_ = add_module("pool", std::make_unique<GlobalAveragePool>());
    Linear& head_ = add_module("head", std::make_unique<Linear>(16, 2));
};

struct Batch {
    Tensor images, labels;
};

// The pictures of one step: stripes 4 pixels apart, moved at random, under noise. Every step has its own.
Batch draw(uint64_t step, Device device) {
    const Philox noise(1, "noise"), places(1, "places");
    std::vector<float> pixels;
    std::vector<int64_t> labels;
    for (int64_t image = 0; image < batch; ++image) {
        const bool upright = image % 2 == 0;
        const float place = 4.0f * places.uniform(step, uint64_t(image));
        for (int64_t y = 0; y < side; ++y)
            for (int64_t x = 0; x < side; ++x)
                pixels.push_back(std::sin(1.5708f * (float(upright ? x : y) + place)) +
                                 4.0f * (noise.uniform(step, pixels.size()) - 0.5f));
        labels.push_back(upright ? 1 : 0);
    }
    return {Tensor::from({batch, side, side, 1}, pixels, device), Tensor::from({batch}, labels, device)};
}

// The share of pictures, none of which was trained on, that the network tells right.
double accuracy(StripeNetwork& network, Device device) {
    const EvaluationMode evaluation(network);  // the norms' running statistics
    const NoGrad nothing_recorded;
    int right = 0, all = 0;
    for (uint64_t step = 1000; step < 1008; ++step) {
        const Batch drawn = draw(step, device);
        const Tensor logits = network.forward(drawn.images).value().to(cpu_device);
        for (int64_t image = 0; image < batch; ++image, ++all) {
            const float* pair = logits.data<float>() + 2 * image;
            right += (pair[1] > pair[0]) == (image % 2 == 0);
        }
    }
    return double(right) / all;
}

void train(StripeNetwork& network, Device device) {
    std::vector<FlatParameters::Entry> entries;
    for (const auto& [name, variable] : network.parameters()) entries.push_back({name, variable});
    FlatParameters parameters(std::move(entries));
    const auto optimizer = make_adam(parameters, {.learning_rate = 1e-2});
    for (uint64_t step = 0; step < 40; ++step) {
        const Batch drawn = draw(step, device);
        const Variable logits = network.forward(drawn.images);
        const Tensor target = target_distribution({.labels = drawn.labels}, 2, DType::f32);
        const Variable loss = cross_entropy(logits, target);
        parameters.clear_gradients();
        loss.backward();
        optimizer->step();
        if (step % 10 == 0)
            std::printf("step %2d  loss %.3f\n", int(step),
                        double(loss.value().to(cpu_device).data<float>()[0]));
    }
}

}  // namespace

int main(int count, char** arguments) {
    try {
        const Device device = parse_device(count > 1 ? arguments[1] : "cpu");
        const std::string file = count > 2 ? arguments[2] : "stripes.safetensors";
        StripeNetwork network;
        network.initialize(7);
        network.to(device);
        train(network, device);
        write_safetensors(file, {.tensors = network.state()});

        StripeNetwork read;
        read.load_state(read_safetensors(file).tensors);
        read.to(device);
        std::printf("%d parameters in %s; accuracy %.3f\n", int(read.parameter_count()), file.c_str(),
                    accuracy(read, device));
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 2;
    }
    return 0;
}
