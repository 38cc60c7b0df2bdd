// SPDX-License-Identifier: Apache-2.0
// Named stretches of a program's time, for profilers: every kernel call is one, on a GPU every copy too. They cost a load and a branch
// while nobody listens.
#pragma once

namespace unmask {

// Who is told of ranges (NVTX on a GPU). Names are static strings.
struct RangeListener {
    void (*begin)(const char* name);
    void (*end)();
};

namespace detail {
inline constinit const RangeListener* range_listener = nullptr;
}

// The listener must live as long as the program; nullptr for none. Call it while no range is open.
inline void set_range_listener(const RangeListener* listener) {
    detail::range_listener = listener;
}

class Range {
  public:
    explicit Range(const char* name) : listener_(detail::range_listener) {
        if (listener_ != nullptr) listener_->begin(name);
    }
    Range(const Range&) = delete;
    Range& operator=(const Range&) = delete;
    ~Range() {
        if (listener_ != nullptr) listener_->end();
    }

  private:
    const RangeListener* listener_;
};

}  // namespace unmask
