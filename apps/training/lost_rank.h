// SPDX-License-Identifier: Apache-2.0
// What a process says when another one of its run is lost: at once, since the launcher that stops the others
// soon kills those that do not end, and to give up what a training holds may take longer.
#pragma once

#include <string>

#include "apps/training/train_options.h"
#include "engine/rank_patience.h"

namespace unmask {

// A lost rank that has been told of.
class ToldRankLost : public RankLost {
  public:
    using RankLost::RankLost;
};

// Logs the error, unless the first rank does and this is another.
void tell_lost_rank(const TrainOptions& options, const std::string& error);

}  // namespace unmask
