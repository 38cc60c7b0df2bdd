// SPDX-License-Identifier: Apache-2.0
#include "layers/module.h"

#include <gtest/gtest.h>

#include <cmath>

#include "engine/ops/cast.h"
#include "engine/optimizer.h"
#include "layers/batch_norm.h"
#include "layers/conv2d.h"
#include "layers/conv_norm_activation.h"
#include "layers/evaluation_mode.h"
#include "layers/initialization.h"
#include "layers/linear.h"
#include "layers/sequential.h"
#include "tests/support/expect_error.h"

namespace unmask {
namespace {

std::unique_ptr<Sequential> small_network() {
    auto network = std::make_unique<Sequential>();
    network->add("", std::make_unique<ConvNormActivation>(ConvNormActivationOptions{
                         .in_channels = 3, .out_channels = 4, .conv_name = "conv1", .norm_name = "bn1"}));
    auto& inner = network->add("layer1", std::make_unique<Sequential>());
    inner.add("0", std::make_unique<Conv2d>(
                       Conv2dLayerOptions{.in_channels = 4, .out_channels = 2, .kernel = 1, .bias = true}));
    return network;
}

std::vector<std::string> names_of(const std::vector<Module::NamedVariable>& parameters) {
    std::vector<std::string> names;
    for (const auto& parameter : parameters) names.push_back(parameter.name);
    return names;
}

TEST(Module, NamesJoinByDotsInOrderAndSkipNamelessModules) {
    const auto network = small_network();
    EXPECT_EQ(names_of(network->parameters()),
              (std::vector<std::string>{"conv1.weight", "bn1.weight", "bn1.bias", "layer1.0.weight",
                                        "layer1.0.bias"}));
    EXPECT_EQ(names_of(network->parameters("net")).front(), "net.conv1.weight");
    ASSERT_EQ(network->buffers().size(), 2u);
    EXPECT_EQ(network->buffers()[0].name, "bn1.running_mean");
    EXPECT_EQ(network->buffers("net")[1].name, "net.bn1.running_var");
    EXPECT_EQ(network->parameter_count(), 4 * 9 * 3 + 4 + 4 + 2 * 4 + 2);
}

TEST(Module, StateMakesTheRoundTripAndSharesMemory) {
    const auto first = small_network(), second = small_network();
    first->initialize(1);
    second->initialize(2);
    EXPECT_NE(first->state().at("conv1.weight").to_floats(), second->state().at("conv1.weight").to_floats());
    second->load_state(first->state());
    for (const auto& [name, tensor] : first->state())
        EXPECT_EQ(second->state().at(name).to_floats(), tensor.to_floats()) << name;
    Tensor shared = second->state().at("bn1.running_mean");
    shared.data<float>()[0] = 5.0f;
    EXPECT_EQ(second->buffers()[0].tensor.data<float>()[0], 5.0f);
}

TEST(Module, LoadStateConvertsAndAdoptStateTakesTheTensors) {
    const auto source = small_network(), copy = small_network();
    source->initialize(1);
    auto state = source->state();
    for (auto& [name, tensor] : state) tensor = tensor.to(DType::f64);
    copy->load_state(state);
    EXPECT_EQ(copy->state().at("conv1.weight").to_floats(), source->state().at("conv1.weight").to_floats());

    std::unique_ptr<Sequential> adopting;
    {
        const ShapesOnly no_memory;
        adopting = small_network();
    }
    EXPECT_EQ(adopting->state().at("conv1.weight").raw(), nullptr);
    EXPECT_EQ(adopting->parameter_count(), source->parameter_count());
    adopting->adopt_state(source->state());
    EXPECT_EQ(adopting->state().at("conv1.weight").raw(), source->state().at("conv1.weight").raw());
    EXPECT_EQ(adopting->state().at("bn1.running_var").raw(), source->state().at("bn1.running_var").raw());
}

TEST(Module, LoadStateNamesEverythingThatDoesNotFitAndCopiesNothing) {
    const auto network = small_network();
    network->initialize(1);
    const auto before = network->state().at("bn1.weight").to_floats();
    auto state = small_network()->state();
    state.erase("conv1.weight");
    state["bn1.bias"] = Tensor::zeros({5});
    state["bn1.weight"] = Tensor::full({4}, 7.0);
    state["layer1.0.bias"] = Tensor::zeros({2}, DType::i64);
    state["stranger"] = Tensor::zeros({1});
    expect_error([&] { network->load_state(state); },
                 {"conv1.weight is missing", "bn1.bias should be [4], is [5]",
                  "layer1.0.bias should be floating, is i64", "stranger is unknown"});
    EXPECT_EQ(network->state().at("bn1.weight").to_floats(), before);
    expect_error([&] { network->load_state({}); }, {"and 2 more"});
}

TEST(Module, InitializationDependsOnSeedAndNameAlone) {
    const auto first = small_network(), second = small_network(), third = small_network();
    first->initialize(7);
    second->initialize(7);
    third->initialize(7, "elsewhere");
    EXPECT_EQ(first->state().at("conv1.weight").to_floats(), second->state().at("conv1.weight").to_floats());
    EXPECT_NE(first->state().at("conv1.weight").to_floats(), third->state().at("conv1.weight").to_floats());
    Conv2d alone({.in_channels = 3, .out_channels = 4});
    alone.initialize(7, "conv1");
    EXPECT_EQ(alone.state().at("weight").to_floats(), first->state().at("conv1.weight").to_floats());
    EXPECT_EQ(first->state().at("bn1.weight").to_floats(), std::vector<float>(4, 1.0f));
    EXPECT_EQ(first->state().at("bn1.running_var").to_floats(), std::vector<float>(4, 1.0f));
}

TEST(Module, ConvertsItsDtype) {
    const auto network = small_network();
    network->initialize(1);
    network->to(DType::f64);
    for (const auto& [name, tensor] : network->state()) EXPECT_EQ(tensor.dtype(), DType::f64) << name;
}

TEST(Initialization, HasTheAskedSpread) {
    Conv2d conv({.in_channels = 16, .out_channels = 32, .kernel = 5});
    conv.initialize(3);
    double sum = 0.0, squares = 0.0, most = 0.0;
    const auto weight = conv.state().at("weight").to_doubles();
    for (const double value : weight) {
        sum += value;
        squares += value * value;
    }
    const auto count = static_cast<double>(weight.size());
    const double variance = 2.0 / (32 * 25);
    EXPECT_NEAR(sum / count, 0.0, 4.0 * std::sqrt(variance / count));
    EXPECT_NEAR(squares / count / variance, 1.0, 0.05);

    Linear linear(64, 50);
    linear.initialize(3);
    for (const double value : linear.state().at("weight").to_doubles())
        most = std::max(most, std::abs(value));
    EXPECT_LE(most, 0.125);
    EXPECT_GT(most, 0.124);
    Linear(0, 2).initialize(3);  // a head over nothing
}

TEST(Module, ShapesAloneTakeNoValues) {
    const ShapesOnly no_memory;
    const auto network = small_network();
    const std::vector<std::string> line{"expected a module with memory", "adopt_state"};
    std::map<std::string, Tensor> values;
    for (const auto& [name, tensor] : network->state()) values[name] = Tensor::zeros(tensor.shape());
    expect_error([&] { network->load_state(values); }, line);
    expect_error([&] { network->initialize(1); }, line);
    expect_error([&] { (void)network->state().at("conv1.weight").data<float>(); },
                 {"expected memory", "a shape alone"});
}

TEST(Module, ParametersOfAnOptimizerStayWhereTheyAre) {
    const auto network = small_network();
    std::vector<FlatParameters::Entry> entries;
    for (const auto& [name, variable] : network->parameters()) entries.push_back({name, variable});
    const FlatParameters flat(entries);
    const auto state = network->state();
    expect_error([&] { network->to(DType::f64); }, {"memory of their own", "conv1.weight", "optimizer"});
    expect_error([&] { network->to(cpu_device); }, {"conv1.weight"});
    expect_error([&] { network->adopt_state(state); }, {"conv1.weight"});
    EXPECT_EQ(network->state().at("conv1.weight").buffer(), flat.values().buffer());
}

TEST(Module, NewValuesDropTheCopiesOfTheOldOnes) {
    const auto network = small_network();
    std::vector<FlatParameters::Entry> entries;
    for (const auto& [name, variable] : network->parameters()) entries.push_back({name, variable});
    FlatParameters flat(entries);
    flat.keep_copies(DType::bf16);
    const Variable weight = network->parameters().front().variable;
    const auto fresh = small_network();
    fresh->initialize(3);
    for (const bool loads : {true, false}) {
        flat.refresh_copies();
        ASSERT_TRUE(weight.copy().defined());
        if (loads)
            network->load_state(fresh->state());
        else
            network->initialize(4);
        EXPECT_EQ(cast(weight, DType::bf16).value().to_floats(), weight.value().to(DType::bf16).to_floats());
    }
}

TEST(EvaluationMode, EveryModuleIsAsBeforeAfterwards) {
    const auto network = small_network();
    network->set_training(false, [](const std::string& name) { return name.starts_with("layer1"); });
    const auto modes = [&] {
        std::vector<bool> result;
        network->visit([&](Module& module, const std::string&) { result.push_back(module.training()); });
        return result;
    };
    const std::vector<bool> before = modes();
    try {
        const EvaluationMode mode(*network);
        EXPECT_EQ(modes(), std::vector<bool>(before.size(), false));
        throw Error("no");
    } catch (const Error&) {
    }
    EXPECT_EQ(modes(), before);
    EXPECT_TRUE(before.front());
    EXPECT_FALSE(before.back());
}

TEST(EvaluationMode, WhatWasPreparedBeforeStaysAndWhatIsPreparedWithinGoes) {
    const auto network = small_network();
    {
        const EvaluationMode mode(*network);
        network->prepare_inference();
        EXPECT_FALSE(network->prepared().empty());
    }
    EXPECT_TRUE(network->prepared().empty());
    network->prepare_inference();
    { const EvaluationMode mode(*network); }
    EXPECT_FALSE(network->prepared().empty());
    network->drop_prepared();
    EXPECT_TRUE(network->prepared().empty());
    {
        const EvaluationMode mode(*network);
        network->keep_inference_only();
    }
    EXPECT_TRUE(network->kept_for_inference());
    EXPECT_FALSE(network->prepared().empty());
}

}  // namespace
}  // namespace unmask
