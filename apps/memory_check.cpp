// SPDX-License-Identifier: Apache-2.0
#include "apps/memory_check.h"

#include <unistd.h>

#include <algorithm>

#include "apps/progress.h"
#include "engine/error.h"

namespace unmask {

void check_memory(const char* command, const DetectorOptions& model, int64_t batch, bool training) {
    DetectorOptions narrow = model;
    narrow.width = std::min(narrow.width, 0.25);
    const double scale = model.width / narrow.width;
    const double copies = training ? 4 : 1;
    const double size = model.size;
    const double parameters = double(Detector(narrow).parameter_count()) * scale * scale;  // nearly
    const double needed = 4.0 * (double(batch) * size * size * 3 + copies * parameters);
    const double memory = double(::sysconf(_SC_PHYS_PAGES)) * double(::sysconf(_SC_PAGE_SIZE));
    if (memory > 0 && needed > memory)
        fail(
            "{} needs at least {} for {} images of {} x {} pixels and about {:.0f} parameters, found {} of "
            "memory",
            command, bytes_text(int64_t(needed)), batch, size, size, parameters, bytes_text(int64_t(memory)));
}

}  // namespace unmask
