// SPDX-License-Identifier: Apache-2.0
// Started by mpirun as several processes: each runs every test.
#include "engine/process_group.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>
#include <iostream>
#include <thread>

#include "tests/support/expect_error.h"

namespace unmask {
namespace {

std::unique_ptr<ProcessGroup> group;

Tensor numbers(const std::vector<double>& values, DType dtype) {
    return Tensor::from<double>({static_cast<int64_t>(values.size())}, values).to(dtype);
}

TEST(ProcessGroup, KnowsItsRanks) {
    EXPECT_EQ(group->size(), 3);
    EXPECT_EQ(group->local_size(), 3);
    EXPECT_EQ(group->local_rank(), group->rank());
    EXPECT_EQ(largest(*group, group->rank()), 2.0);
}

TEST(ProcessGroup, GathersInTheOrderOfRanks) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        const Tensor own = numbers({double(group->rank()), double(10 * group->rank())}, dtype);
        Tensor all = Tensor::empty({6}, dtype);
        group->all_gather(own, all);
        EXPECT_EQ(all.to_doubles(), (std::vector<double>{0, 0, 1, 10, 2, 20}));
    }
    Tensor small = Tensor::empty({5}, DType::f32);
    expect_error([&] { group->all_gather(Tensor::zeros({2}), small); }, {"all_gather", "3 times [2]", "[5]"});
}

TEST(ProcessGroup, SharesTheCpusOfTheMachine) {
    EXPECT_GE(group->cpus(), 1);
    Tensor cpus = numbers({double(group->cpus())}, DType::f64);
    group->all_reduce(cpus);
    EXPECT_LE(cpus.item(), std::max(double(std::thread::hardware_concurrency()), 3.0));
}

TEST(ProcessGroup, AddsUpInPlace) {
    for (const DType dtype : {DType::f32, DType::f64}) {
        Tensor values = numbers({1.0 + group->rank(), -2.0 * group->rank()}, dtype);
        group->all_reduce(values);
        EXPECT_EQ(values.to_doubles(), (std::vector<double>{6, -6}));
    }
    Tensor labels = Tensor::zeros({2}, DType::i64);
    expect_error([&] { group->all_reduce(labels); }, {"f32 or f64", "i64"});
}

TEST(ProcessGroup, AddsUpBesideTheCaller) {
    std::vector<Tensor> sums;
    for (int i = 0; i < 20; ++i) {
        sums.push_back(Tensor::full({1000 + i}, i + group->rank(), DType::f32));
        group->begin_all_reduce(sums.back());
        EXPECT_EQ(largest(*group, i), i);  // other calls go on between
    }
    group->finish_all_reduces();
    for (int i = 0; i < 20; ++i)
        for (const float value : sums[size_t(i)].to_floats()) ASSERT_EQ(value, float(3 * i + 3));
}

TEST(ProcessGroup, SendsTheValuesOfOneRank) {
    Tensor values = numbers({double(group->rank())}, DType::f64);
    group->broadcast(values, 2);
    EXPECT_EQ(values.item(), 2.0);
    EXPECT_EQ(broadcast_text(*group, group->rank() == 0 ? "model" : ""), "model");
    EXPECT_EQ(broadcast_text(*group, ""), "");
}

TEST(ProcessGroup, GathersTexts) {
    const std::string own = group->rank() == 1 ? "" : "rank " + std::to_string(group->rank());
    EXPECT_EQ(gather_texts(*group, own), (std::vector<std::string>{"rank 0", "", "rank 2"}));
}

// The others gather only after rank 0 has given up: MPI still writes what it promised then.
TEST(ProcessGroup, ARankThatDoesNotComeIsLostAndTheTensorsStay) {
    Tensor own = numbers({double(group->rank())}, DType::f64), all = Tensor::empty({3}, DType::f64);
    Tensor released = Tensor::zeros({1}, DType::f64);
    if (group->rank() == 0) {
        const std::weak_ptr<Buffer> memory = all.buffer(), source = own.buffer();
        group->patience().set_timeout(0.05);
        EXPECT_THROW(group->all_gather(own, all), RankLost);
        group->patience().set_timeout(600);
        own = all = Tensor();
        EXPECT_FALSE(memory.expired());
        EXPECT_FALSE(source.expired());
    }
    group->begin_all_reduce(released);
    group->finish_all_reduces();
    if (group->rank() == 0) return;
    group->all_gather(own, all);
    EXPECT_EQ(all.to_doubles(), (std::vector<double>{0, 1, 2}));
}

}  // namespace
}  // namespace unmask

int main(int argc, char** argv) {
    testing::InitGoogleTest(&argc, argv);
    unmask::group = unmask::join_process_group();
    if (unmask::group == nullptr) {
        std::cerr << "process_group_test: start it by mpirun -n 3\n";
        return EXIT_FAILURE;
    }
    const int result = RUN_ALL_TESTS();
    unmask::group->leave();
    unmask::group.reset();
    return result;
}
