// SPDX-License-Identifier: Apache-2.0
#include "tests/simt/memory.h"

#if defined(__SANITIZE_ADDRESS__)

#include <cstdlib>

namespace simt {

void* take_memory(size_t bytes) {
    return std::aligned_alloc(128, (bytes + 127) / 128 * 128);
}
void give_memory(void* memory, size_t) noexcept {
    std::free(memory);
}
MemoryAccess::MemoryAccess() = default;
MemoryAccess::~MemoryAccess() = default;

}  // namespace simt

#else

#include <execinfo.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <mutex>

#include "engine/caching_pool.h"

namespace simt {
namespace {

void say(const char* text) {
    static_cast<void>(!write(STDERR_FILENO, text, std::strlen(text)));
}
[[noreturn]] void end_program(const char* text) {
    say(text);
    std::abort();
}

// One range of addresses, handed out in turn. In huge pages, which it takes few entries to forbid and allow.
class Range {
  public:
    Range() {
        void* begin = MAP_FAILED;
        // The machine's memory; less where addresses are limited.
        const auto pages = static_cast<size_t>(sysconf(_SC_PHYS_PAGES));
        for (size_ = pages * static_cast<size_t>(sysconf(_SC_PAGESIZE)); size_ >= page; size_ /= 2) {
            begin =
                mmap(nullptr, size_ + page, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
            if (begin != MAP_FAILED) break;
        }
        if (begin == MAP_FAILED) end_program("the emulated GPU: no addresses for its memory\n");
        begin_ =
            reinterpret_cast<unsigned char*>((reinterpret_cast<uintptr_t>(begin) + page - 1) / page * page);
        size_ = size_ / page * page;
        static_cast<void>(madvise(begin_, size_, MADV_HUGEPAGE));
        static_cast<void>(madvise(begin_, size_, MADV_DONTDUMP));
        struct sigaction action {};
        action.sa_sigaction = &report;
        action.sa_flags = SA_SIGINFO | SA_RESETHAND;  // then the access again, and the end
        sigaction(SIGSEGV, &action, nullptr);
    }

    void* take(size_t bytes) {
        const std::lock_guard lock(mutex_);
        if (bytes > size_ - used_) return nullptr;
        void* memory = begin_ + used_;
        used_ += bytes;
        if (const size_t end = (used_ + page - 1) / page * page; end > open_) {
            if (users_ > 0) protect(begin_ + open_, end - open_, PROT_READ | PROT_WRITE);
            open_ = end;
        }
        return memory;
    }

    void allow() {
        const std::lock_guard lock(mutex_);
        if (users_++ == 0) protect(begin_, open_, PROT_READ | PROT_WRITE);
    }
    void forbid() {
        const std::lock_guard lock(mutex_);
        if (--users_ == 0) protect(begin_, open_, PROT_NONE);
    }

  private:
    static constexpr size_t page = size_t{2} << 20;
    static void protect(void* memory, size_t bytes, int protection) {
        if (bytes > 0 && mprotect(memory, bytes, protection) != 0)
            end_program("the emulated GPU: the system does not protect its memory\n");
    }
    [[nodiscard]] bool holds(const void* address) const {
        return reinterpret_cast<uintptr_t>(address) - reinterpret_cast<uintptr_t>(begin_) < size_;
    }
    static void report(int signal, siginfo_t* info, void* context);

    unsigned char* begin_ = nullptr;
    size_t size_ = 0;
    size_t used_ = 0, open_ = 0;  // bytes handed out; whole pages of them
    int users_ = 0;
    std::mutex mutex_;
};

Range& range() {
    static auto* const the_range = new Range;  // blocks may come back when the program ends
    return *the_range;
}

void Range::report(int, siginfo_t* info, void*) {
    if (!range().holds(info->si_addr)) return;
    say(range().users_ > 0 ? "an access far beyond the buffers of the emulated GPU:\n"
                           : "host code touches memory of the emulated GPU:\n");
    void* callers[32];
    backtrace_symbols_fd(callers, backtrace(callers, 32), STDERR_FILENO);
}

// Its blocks stay with it: the range takes none back.
unmask::CachingPool& pool() {
    static auto* const the_pool =
        new unmask::CachingPool([](size_t bytes) { return range().take(bytes); }, [](void*, size_t) {});
    return *the_pool;
}

}  // namespace

void* take_memory(size_t bytes) {
    return pool().allocate(bytes);
}

void give_memory(void* memory, size_t bytes) noexcept {
    pool().release(memory, bytes);
}

MemoryAccess::MemoryAccess() {
    range().allow();
}
MemoryAccess::~MemoryAccess() {
    range().forbid();
}

}  // namespace simt

#endif
