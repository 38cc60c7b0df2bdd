// SPDX-License-Identifier: Apache-2.0
#include "engine/context.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <mutex>
#include <new>
#include <vector>

#include "engine/caching_pool.h"
#include "engine/error.h"

namespace unmask {
namespace {

constexpr size_t alignment = 64;
constexpr size_t huge_page = size_t{2} << 20;

// Blocks of a huge page or more are aligned to one, so that the kernel can back them with huge pages.
void* take_host_memory(size_t bytes) {
    const size_t align = bytes >= huge_page ? huge_page : alignment;
    return std::aligned_alloc(align, (bytes + align - 1) / align * align);
}

class CpuContext final : public Context {
  public:
    [[nodiscard]] Device device() const override { return cpu_device; }
    [[nodiscard]] void* allocate(size_t bytes) override {
        void* memory = pool_.allocate(bytes);
        if (memory == nullptr)
            fail("out of memory: the CPU has no {} bytes left ({} in use)", bytes, memory_used());
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

  private:
    [[nodiscard]] size_t memory_used() const { return pool_.statistics().used_bytes; }
    CachingPool pool_{take_host_memory, [](void* memory, size_t) { std::free(memory); }};
};

struct Registry {
    std::mutex mutex;
    std::shared_ptr<Context> cpu = std::make_shared<CpuContext>();
    std::vector<std::shared_ptr<Context>> others;  // slots are never moved away once installed
    Registry() { others.reserve(64); }
};

Registry& registry() {
    static Registry instance;
    return instance;
}

}  // namespace

const std::shared_ptr<Context>& context_of(Device device) {
    Registry& all = registry();
    if (device.type == DeviceType::cpu) return all.cpu;
    const std::lock_guard lock(all.mutex);
    for (const auto& context : all.others)
        if (context->device() == device) return context;
    fail("device {}: this build or this machine has none", name_of(device));
}

void install_context(std::shared_ptr<Context> context) {
    Registry& all = registry();
    const std::lock_guard lock(all.mutex);
    UNMASK_ASSERT(all.others.size() < all.others.capacity());
    for (auto& existing : all.others)
        if (existing->device() == context->device()) {
            existing = std::move(context);
            return;
        }
    all.others.push_back(std::move(context));
}

}  // namespace unmask
