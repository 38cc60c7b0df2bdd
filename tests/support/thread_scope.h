// SPDX-License-Identifier: Apache-2.0
// So many threads to compute with, whatever the machine has. One where the build has no OpenMP.
#pragma once

#include "cpu/parallel.h"

namespace unmask {

class ThreadScope {
  public:
    explicit ThreadScope(int count) : before_(thread_count()) { set_thread_count(count); }
    ThreadScope(const ThreadScope&) = delete;
    ThreadScope& operator=(const ThreadScope&) = delete;
    ~ThreadScope() { set_thread_count(before_); }

  private:
    int before_;
};

}  // namespace unmask
