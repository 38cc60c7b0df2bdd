// SPDX-License-Identifier: Apache-2.0
// A group of ranks that are threads of the test, on the CPU.
#pragma once

#include <barrier>
#include <cstring>
#include <functional>
#include <thread>
#include <vector>

#include "engine/process_group.h"

namespace unmask {

class RankThreads {
  public:
    explicit RankThreads(int size) : size_(size), barrier_(size), posted_(size_t(size)) {}

    // Runs `work` as every rank at once. It may not throw.
    void run(const std::function<void(ProcessGroup&)>& work) {
        std::vector<std::thread> threads;
        for (int rank = 0; rank < size_; ++rank)
            threads.emplace_back([this, rank, &work] {
                Rank own(*this, rank);
                work(own);
            });
        for (std::thread& thread : threads) thread.join();
    }

  private:
    class Rank final : public ProcessGroup {
      public:
        Rank(RankThreads& group, int rank) : group_(group), rank_(rank), patience_(rank) {}
        [[nodiscard]] int rank() const override { return rank_; }
        [[nodiscard]] int size() const override { return group_.size_; }
        [[nodiscard]] Device device() const override { return cpu_device; }
        void all_gather(const Tensor& own, Tensor& all) override {
            const auto& parts = group_.exchange(rank_, own);
            for (size_t i = 0; i < parts.size(); ++i)
                std::memcpy(static_cast<std::byte*>(all.raw()) + i * own.bytes(), parts[i].raw(),
                            own.bytes());
            group_.barrier_.arrive_and_wait();
        }
        void all_reduce(Tensor& values) override {
            const Tensor own = values.clone();
            const auto& parts = group_.exchange(rank_, own);
            for (int64_t i = 0; i < values.numel(); ++i)
                if (values.dtype() == DType::f64)
                    add<double>(parts, values, i);
                else
                    add<float>(parts, values, i);
            group_.barrier_.arrive_and_wait();
        }
        void broadcast(Tensor& values, int from) override {
            const Tensor own = values.clone();
            values.copy_from(group_.exchange(rank_, own)[size_t(from)]);
            group_.barrier_.arrive_and_wait();
        }
        [[nodiscard]] int local_rank() const override { return rank_; }
        [[nodiscard]] int local_size() const override { return group_.size_; }
        [[nodiscard]] int cpus() const override { return 1; }
        [[nodiscard]] RankPatience& patience() override { return patience_; }
        void begin_all_reduce(Tensor values) override { all_reduce(values); }
        void finish_all_reduces() override {}

      private:
        template <class T>
        static void add(const std::vector<Tensor>& parts, Tensor& values, int64_t i) {
            T sum = 0;
            for (const Tensor& part : parts) sum += part.data<T>()[i];
            values.data<T>()[i] = sum;
        }
        RankThreads& group_;
        int rank_;
        RankPatience patience_;
    };

    const std::vector<Tensor>& exchange(int rank, const Tensor& own) {
        posted_[size_t(rank)] = own;
        barrier_.arrive_and_wait();
        return posted_;
    }

    int size_;
    std::barrier<> barrier_;
    std::vector<Tensor> posted_;
};

}  // namespace unmask
