// SPDX-License-Identifier: Apache-2.0
// The context of the emulated GPU. Its memory (memory.h) is between guards (guard.h) and filled with NaN when
// it is handed out, so that what a kernel forgets to write, or reads or writes beyond, is seen.
#include "engine/context.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <map>
#include <mutex>
#include <vector>

#include "cuda/cudnn/choices.h"
#include "cuda/stream.h"
#include "engine/error.h"
#include "tests/simt/guard.h"
#include "tests/simt/machine.h"
#include "tests/simt/memory.h"

namespace unmask {
namespace {

constexpr size_t guard_bytes = 128;
constexpr unsigned char poison = 0xFF;

// A buffer's memory with its guards.
struct Block {
    unsigned char* begin;
    size_t bytes;  // of the buffer
    void give() const noexcept { simt::give_memory(begin, bytes + 2 * guard_bytes); }
};

// Recorded launches and copies. Memory that was allocated while recording is kept until this is gone.
class RecordedWork final : public CapturedWork {
  public:
    // `refuse` fails where work of this kind may not run.
    explicit RecordedWork(std::function<void()> refuse) : refuse_(std::move(refuse)) {}
    void add(std::function<void()> work) { steps_.push_back(std::move(work)); }
    void keep(Block block) { blocks_.push_back(block); }
    void run() override {
        refuse_();
        simt::begin_replay();
        for (const auto& step : steps_) step();
    }
    ~RecordedWork() override {
        for (const Block& block : blocks_) block.give();
    }

  private:
    std::function<void()> refuse_;
    std::vector<std::function<void()>> steps_;
    std::vector<Block> blocks_;
};

// Copies are made as late as a GPU may make them, and what is in the place is lost as early: work that reads
// between the two, or memory that may still be read, shows.
class SimtUpload final : public Upload {
  public:
    void release() override {
        UNMASK_ASSERT(copies_.empty());
        released_ = true;
    }
    void copy(void* destination, const void* source, size_t bytes) override {
        if (!released_) fail("upload: the memory was not released since it was last read");
        const simt::MemoryAccess access;
        std::memset(destination, poison, bytes);
        const auto* begin = static_cast<const unsigned char*>(source);
        copies_.push_back({destination, {begin, begin + bytes}});
    }
    void arrive() override {
        const simt::MemoryAccess access;
        for (const Copy& copy : copies_) std::memcpy(copy.destination, copy.bytes.data(), copy.bytes.size());
        copies_.clear();
        released_ = false;
    }

  private:
    struct Copy {
        void* destination;
        std::vector<unsigned char> bytes;
    };
    std::vector<Copy> copies_;
    bool released_ = false;
};

class SimtContext final : public Context {
  public:
    SimtContext() = default;
    SimtContext(const SimtContext&) = delete;
    SimtContext& operator=(const SimtContext&) = delete;
    ~SimtContext() override {
        for (const auto& [chain, block] : arrivals_) block.give();
    }
    [[nodiscard]] Device device() const override { return {DeviceType::cuda, 0}; }

    [[nodiscard]] void* allocate(size_t bytes) override {
        auto* block = static_cast<unsigned char*>(simt::take_memory(bytes + 2 * guard_bytes));
        if (block == nullptr)
            throw OutOfMemory(fmt::format("out of memory: the emulated GPU has no {} bytes left", bytes));
        const simt::MemoryAccess access;
        simt::fill_guard(block, guard_bytes);
        std::memset(block + guard_bytes, poison, bytes);
        simt::forget_accesses(block + guard_bytes, bytes);
        simt::fill_guard(block + guard_bytes + bytes, guard_bytes);
        const std::lock_guard lock(mutex_);
        statistics_.used_bytes += bytes;
        statistics_.peak_bytes = std::max(statistics_.peak_bytes, statistics_.used_bytes);
        statistics_.reserved_bytes = statistics_.used_bytes;
        if (recording_ != nullptr) {
            recording_->keep({block, bytes});
            kept_.push_back(block);
        }
        return block + guard_bytes;
    }
    void release(void* memory, size_t bytes) noexcept override {
        auto* block = static_cast<unsigned char*>(memory) - guard_bytes;
        const simt::MemoryAccess access;
        UNMASK_ASSERT(simt::intact_guard(block, guard_bytes) && "a kernel wrote before the buffer");
        UNMASK_ASSERT(simt::intact_guard(block + guard_bytes + bytes, guard_bytes) &&
                      "a kernel wrote beyond the buffer");
        simt::forget_accesses(memory, bytes);
        const std::lock_guard lock(mutex_);
        statistics_.used_bytes -= bytes;
        const auto place = std::find(kept_.begin(), kept_.end(), block);
        if (place == kept_.end())
            Block{block, bytes}.give();
        else
            kept_.erase(place);  // the recorded work frees it
    }
    [[nodiscard]] MemoryStatistics memory() const override {
        const std::lock_guard lock(mutex_);
        return statistics_;
    }
    void reset_peak() override {
        const std::lock_guard lock(mutex_);
        statistics_.peak_bytes = statistics_.used_bytes;
    }
    void release_cached() override {}

    void copy_from_host(void* destination, const void* source, size_t bytes) override {
        refuse("copy from the host");
        const simt::MemoryAccess access;
        if (bytes > 0) std::memcpy(destination, source, bytes);
    }
    [[nodiscard]] std::unique_ptr<Upload> make_upload() override { return std::make_unique<SimtUpload>(); }
    void copy_to_host(void* destination, const void* source, size_t bytes) override {
        refuse("copy to the host");
        const simt::MemoryAccess access;
        if (bytes > 0) std::memcpy(destination, source, bytes);
    }
    void copy_on_device(void* destination, const void* source, size_t bytes) override {
        simt::enqueue([=] {
            simt::reads(source, bytes);
            simt::writes(destination, bytes);
            if (bytes > 0) std::memmove(destination, source, bytes);
        });
    }
    void fill_zero(void* destination, size_t bytes) override {
        simt::enqueue([=] {
            simt::writes(destination, bytes);
            if (bytes > 0) std::memset(destination, 0, bytes);
        });
    }
    void synchronize() override { refuse("wait for the device"); }

    [[nodiscard]] std::string tuning() const override { return choices_.json(); }
    [[nodiscard]] std::string set_tuning(const std::string& json) override {
        return json.empty() ? std::string() : choices_.add(json);
    }
    [[nodiscard]] std::string chosen(const std::string& problem) const override {
        return choices_.find_name(problem);
    }
    void keep_choice(const std::string& problem, const std::string& choice) override {
        choices_.store_name(problem, choice);
    }
    [[nodiscard]] double seconds() override {
        synchronize();
        return simt::seconds();
    }

    // Chains run in order here, but refuse what a GPU's refuse.
    void fork(int chains) override {
        UNMASK_ASSERT(chains_ == 0 && chains > 0);
        chains_ = chains;
        simt::fork();
    }
    void use_chain(int chain) override {
        UNMASK_ASSERT(chain >= 0 && chain < chains_);
        simt::use_chain(chain);
        chain_ = chain;
    }
    void join() override {
        chains_ = 0;
        chain_ = -1;
        simt::use_chain(-1);
    }

    // Zeros when they are first asked for, whatever is recorded then.
    [[nodiscard]] unsigned* arrival_counters() {
        constexpr size_t bytes = sizeof(unsigned) * arrival_counter_count;
        const auto [place, is_new] = arrivals_.try_emplace(chain_);
        Block& block = place->second;
        if (is_new) {
            block = {static_cast<unsigned char*>(simt::take_memory(bytes + 2 * guard_bytes)), bytes};
            const simt::MemoryAccess access;
            simt::fill_guard(block.begin, bytes + 2 * guard_bytes);
            std::memset(block.begin + guard_bytes, 0, bytes);
        }
        auto* counters = reinterpret_cast<unsigned*>(block.begin + guard_bytes);
        if (recording_ == nullptr) {
            const simt::MemoryAccess access;
            if (std::count(counters, counters + arrival_counter_count, 0u) != arrival_counter_count)
                throw simt::Fault("not all blocks of an earlier launch arrived, or one counted too often");
        }
        return counters;
    }

    [[nodiscard]] bool can_capture() const override { return true; }
    [[nodiscard]] std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) override {
        refuse("capture other work");
        auto recorded = std::make_unique<RecordedWork>([this] { refuse("run captured work"); });
        recording_ = recorded.get();
        simt::set_recorder([&recorded](std::function<void()> step) { recorded->add(std::move(step)); });
        struct End {
            SimtContext& context;
            ~End() {
                context.recording_ = nullptr;
                simt::set_recorder({});
            }
        } end{*this};
        work();
        return recorded;
    }

  private:
    void refuse(const char* what) const {
        if (recording_ != nullptr) fail("captured work cannot {}", what);
        if (chains_ > 0) fail("a chain cannot {}", what);
    }

    mutable std::mutex mutex_;
    MemoryStatistics statistics_;
    RecordedWork* recording_ = nullptr;
    int chains_ = 0, chain_ = -1;
    std::map<int, Block> arrivals_;  // of each chain; -1: of none
    cudnn::Choices choices_{{.cudnn = 0, .device = "emulated GPU"}};
    std::vector<void*> kept_;  // allocated while recording, not released yet
};

struct Registration {
    Registration() {
        set_context_factory(DeviceType::cuda, [](int index) -> std::shared_ptr<Context> {
            if (index != 0) fail("device cuda:{}: expected 0, the only emulated GPU", index);
            return std::make_shared<SimtContext>();
        });
    }
} registration;

}  // namespace

Stream stream_of(const Tensor&) {
    return nullptr;
}

unsigned* arrival_counters(const Tensor& tensor) {
    return static_cast<SimtContext&>(*tensor.buffer()->context()).arrival_counters();
}

}  // namespace unmask
