// SPDX-License-Identifier: Apache-2.0
#include "engine/recompute.h"

#include <utility>

namespace unmask {
namespace {

thread_local bool again = false;

class Again {
  public:
    Again() : before_(std::exchange(again, true)) {}
    Again(const Again&) = delete;
    Again& operator=(const Again&) = delete;
    ~Again() { again = before_; }

  private:
    bool before_;
};

}  // namespace

Variable recompute(const Variable& x, std::function<Variable(const Variable&)> body) {
    if (!grad_enabled()) return body(x);
    // Cut off from what made x, the graph of the first run ends here.
    const Variable first = body(Variable(x.value(), x.requires_grad()));
    if (!first.requires_grad()) return first;
    return record_several(
               "recompute", {first.value()}, {x},
               [input = x.value(), body = std::move(body)](const std::vector<Tensor>& gradients,
                                                           const WantedGradients& needed) {
                   const Again running;
                   const Variable own(input, needed[0]);
                   body(own).backward(gradients[0]);
                   return std::vector{own.gradient()};
               },
               true)
        .front();
}

bool recomputing() {
    return again;
}

}  // namespace unmask
