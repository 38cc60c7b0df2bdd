// SPDX-License-Identifier: Apache-2.0
#include "engine/kernel_observer.h"

#include <gtest/gtest.h>

#include <string>
#include <thread>
#include <vector>

#include "engine/error.h"
#include "engine/ops/activation.h"
#include "engine/ops/elementwise.h"
#include "engine/recording.h"

namespace unmask {
namespace {

class Names final : public KernelObserver {
  public:
    void called(const KernelCall& call) override {
        names.emplace_back(call.name());
        if (const auto* arguments = call.of(affine_forward)) {
            const auto& [x, y, scale, shift] = *arguments;
            affine = {x.item(), scale, shift};
        }
        EXPECT_EQ(call.of(activation_forward) != nullptr, names.back() == "activation_forward");
    }
    std::vector<std::string> names;
    std::vector<double> affine;
};

TEST(KernelObserver, SeesTheCallsOfItsThreadWhileItLives) {
    const Tensor x = Tensor::full({1}, 3);
    {
        Names observer;
        EXPECT_EQ(KernelObserver::current(), &observer);
        EXPECT_EQ(relu(affine(x, 2, -1)).value().item(), 5);
        std::thread([&x] { static_cast<void>(relu(x)); }).join();
        EXPECT_EQ(observer.names, (std::vector<std::string>{"affine_forward", "activation_forward"}));
        EXPECT_EQ(observer.affine, (std::vector<double>{3, 2, -1}));
    }
    EXPECT_EQ(KernelObserver::current(), nullptr);
    EXPECT_EQ(relu(x).value().item(), 3);
}

TEST(KernelObserver, TheCallInProgressIsTheInnermost) {
    struct Current final : KernelObserver {
        void called(const KernelCall&) override { outer.push_back(KernelCall::current()); }
        void ended(const KernelCall& call) override { EXPECT_EQ(KernelCall::current(), &call); }
        std::vector<const KernelCall*> outer;
    };
    const Tensor x = Tensor::full({1}, 3);
    Current observer;
    static_cast<void>(relu(affine(x, 2, -1)));
    EXPECT_EQ(observer.outer, (std::vector<const KernelCall*>{nullptr, nullptr}));
    EXPECT_EQ(KernelCall::current(), nullptr);
}

// What happens, in order.
class Events final : public KernelObserver {
  public:
    void called(const KernelCall& call) override { list.push_back(std::string("+") + call.name()); }
    void ended(const KernelCall& call) override { list.push_back(std::string("-") + call.name()); }
    void going_back(const char* op, const std::vector<Tensor>& gradients) override {
        list.emplace_back(op);
        for (const Tensor& gradient : gradients) places.push_back(gradient.raw());
    }
    void went_back() override { list.emplace_back("done"); }
    std::vector<std::string> list;
    std::vector<const void*> places;
};

TEST(KernelObserver, SeesRecordedCallsEachTimeTheyRun) {
    const Tensor x = Tensor::full({1}, 3);
    Events observer;
    Tensor y;
    Recording recording([&] { y = relu(affine(x, 2, -1)).value(); });
    EXPECT_EQ(observer.list, std::vector<std::string>());
    const std::vector<std::string> once{"+affine_forward", "-affine_forward", "+activation_forward",
                                        "-activation_forward"};
    recording.run();
    EXPECT_EQ(observer.list, once);
    recording.run();
    EXPECT_EQ(observer.list.size(), 2 * once.size());
    EXPECT_EQ(y.item(), 5);
}

TEST(KernelObserver, HearsWhoseGradientsBackwardComputes) {
    Variable w(Tensor::full({}, 3), true);
    const Tensor memory = Tensor::zeros({});
    w.pin_gradient(memory);
    Events observer;
    affine(square(w), 2, 0).backward();
    EXPECT_EQ(memory.item(), 12);
    const std::vector<std::string> expected{"+unary_forward",
                                            "-unary_forward",
                                            "+affine_forward",
                                            "-affine_forward",
                                            "affine",
                                            "+affine_forward",
                                            "-affine_forward",
                                            "square",
                                            "+unary_backward",
                                            "-unary_backward",
                                            "+accumulate_gradients",
                                            "-accumulate_gradients",
                                            "done"};
    EXPECT_EQ(observer.list, expected);
    EXPECT_EQ(observer.places, std::vector<const void*>{memory.raw()});
}

TEST(KernelObserver, IsNotToldTheEndOfACallThatThrew) {
    Events observer;
    const Kernel<void(const Tensor&)>::Function throwing = [](const Tensor&) { fail("no"); };
    Kernel<void(const Tensor&)> kernel("broken");
    kernel.fill(Backend::portable, throwing);
    EXPECT_THROW(kernel(Tensor::zeros({1})), Error);
    EXPECT_EQ(observer.list, std::vector<std::string>{"+broken"});
}

}  // namespace
}  // namespace unmask
