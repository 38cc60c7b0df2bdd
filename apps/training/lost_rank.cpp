// SPDX-License-Identifier: Apache-2.0
#include "apps/training/lost_rank.h"

#include <chrono>
#include <thread>

#include "apps/console.h"
#include "apps/training/run_folder.h"
#include "engine/error.h"

namespace unmask {
namespace {

// Whether the first rank has written why the run ended, and says it.
bool first_rank_tells(const TrainOptions& options) {
    try {
        const std::string status = RunFolder::follow(options.output).recorded().status;
        return status != starting_status && status != "running";
    } catch (const Error&) {
        return false;
    }
}

}  // namespace

void tell_lost_rank(const TrainOptions& options, const std::string& error) {
    using namespace std::chrono_literals;
    // The first may notice at the same moment, and writes before it says so.
    for (int tries = 0; !options.ranks.lead() && tries < 10; ++tries) {
        if (first_rank_tells(options)) return;
        std::this_thread::sleep_for(10ms);
    }
    log_error("{}", error);
}

}  // namespace unmask
