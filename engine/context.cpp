// SPDX-License-Identifier: Apache-2.0
#include "engine/context.h"

#if __has_include(<sys/mman.h>)
#include <sys/mman.h>
#endif

#include <chrono>
#include <cstdlib>
#include <cstring>
#include <map>
#include <mutex>
#include <new>

#include "engine/caching_pool.h"
#include "engine/error.h"
#include "engine/recording.h"

namespace unmask {
namespace {

constexpr size_t block_alignment = 64;
constexpr size_t huge_page = size_t{2} << 20;

// Blocks of a huge page or more are aligned to one, and the kernel is asked to back the whole ones among
// their pages by huge pages: fewer faults when memory is first touched, fewer misses of the address cache. A
// kernel that does not know them declines, which changes nothing.
void* take_host_memory(size_t bytes) {
    const size_t align = bytes >= huge_page ? huge_page : block_alignment;
    void* memory = std::aligned_alloc(align, (bytes + align - 1) / align * align);
#ifdef MADV_HUGEPAGE
    if (memory != nullptr && bytes >= huge_page)
        madvise(memory, bytes / huge_page * huge_page, MADV_HUGEPAGE);
#endif
    return memory;
}

class CpuContext final : public Context {
  public:
    [[nodiscard]] Device device() const override { return cpu_device; }
    [[nodiscard]] void* allocate(size_t bytes) override {
        void* memory = pool_.allocate(bytes);
        if (memory == nullptr)
            throw OutOfMemory(
                fmt::format("out of memory: the CPU has no {} bytes left ({} in use)", bytes, memory_used()));
        return memory;
    }
    void release(void* memory, size_t bytes) noexcept override { pool_.release(memory, bytes); }
    [[nodiscard]] MemoryStatistics memory() const override { return pool_.statistics(); }
    void reset_peak() override { pool_.reset_peak(); }
    void release_cached() override { pool_.release_cached(); }
    void copy_from_host(void* destination, const void* source, size_t bytes) override {
        copy_on_device(destination, source, bytes);
    }
    void copy_to_host(void* destination, const void* source, size_t bytes) override {
        copy_on_device(destination, source, bytes);
    }
    void copy_on_device(void* destination, const void* source, size_t bytes) override {
        if (bytes > 0) std::memcpy(destination, source, bytes);
    }
    void fill_zero(void* destination, size_t bytes) override {
        if (bytes > 0) std::memset(destination, 0, bytes);
    }
    void synchronize() override {}
    // Only recorded work has chains: it knows before it runs what each of them is.
    void fork(int /*chains*/) override {
        if (Recording* recording = Recording::current()) recording->fork();
    }
    void use_chain(int chain) override {
        if (Recording* recording = Recording::current()) recording->use_chain(chain);
    }
    void join() override {
        if (Recording* recording = Recording::current()) recording->join();
    }
    [[nodiscard]] bool can_capture() const override { return true; }
    [[nodiscard]] std::unique_ptr<CapturedWork> capture(const std::function<void()>& work) override {
        return std::make_unique<Recording>(work);
    }

  private:
    [[nodiscard]] size_t memory_used() const { return pool_.statistics().used_bytes; }
    CachingPool pool_{take_host_memory, [](void* memory, size_t) { std::free(memory); },
                      CachingPool::Reuse::oversized};
};

struct Registry {
    std::mutex mutex;
    std::shared_ptr<Context> cpu = std::make_shared<CpuContext>();
    std::map<int, std::shared_ptr<Context>> gpus;  // by index; references to map elements stay valid
    ContextFactory make_gpu = nullptr;
    DeviceCount count_gpus = nullptr;
};

Registry& registry() {
    static Registry instance;
    return instance;
}

class OrderedUpload final : public Upload {
  public:
    explicit OrderedUpload(Context& context) : context_(context) {}
    void release() override {}
    void copy(void* destination, const void* source, size_t bytes) override {
        context_.copy_from_host(destination, source, bytes);
    }
    void arrive() override {}

  private:
    Context& context_;
};

}  // namespace

std::unique_ptr<Upload> Context::make_upload() {
    return std::make_unique<OrderedUpload>(*this);
}

double Context::seconds() {
    synchronize();
    return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
}

std::string Context::set_tuning(const std::string& json) {
    if (!json.empty()) fail("device {}: expected no tuning choices, found some", name_of(device()));
    return {};
}

std::unique_ptr<CapturedWork> Context::capture(const std::function<void()>&) {
    fail("device {}: expected one that records work, found one that does not", name_of(device()));
}

const std::shared_ptr<Context>& context_of(Device device) {
    Registry& all = registry();
    if (device.type == DeviceType::cpu) return all.cpu;
    const std::lock_guard lock(all.mutex);
    std::shared_ptr<Context>& context = all.gpus[device.index];
    if (context != nullptr) return context;
    if (all.make_gpu == nullptr)
        fail(
            "device {}: this build has no CUDA backend (configure it where the CUDA toolkit and cuDNN are "
            "installed)",
            name_of(device));
    context = all.make_gpu(device.index);
    return context;
}

void set_context_factory(DeviceType type, ContextFactory factory, DeviceCount count) {
    UNMASK_ASSERT(type == DeviceType::cuda);
    registry().make_gpu = factory;
    registry().count_gpus = count;
}

int device_count(DeviceType type) {
    if (type == DeviceType::cpu) return 1;
    return registry().count_gpus == nullptr ? 0 : registry().count_gpus();
}

bool has_backend(DeviceType type) {
    return type == DeviceType::cpu || registry().make_gpu != nullptr;
}

}  // namespace unmask
