// SPDX-License-Identifier: Apache-2.0
#include "layers/evaluation_mode.h"

namespace unmask {

EvaluationMode::EvaluationMode(Module& module) : module_(module) {
    collect(module);
    if (!trained_.empty()) was_prepared_ = !module.prepared().empty();
    for (Module* trained : trained_) trained->training_ = false;
}

EvaluationMode::~EvaluationMode() {
    if (trained_.empty()) return;
    if (!was_prepared_) discard(module_);
    for (Module* trained : trained_)
        if (!trained->released_) trained->training_ = true;
}

void EvaluationMode::collect(Module& module) {
    if (module.training_) trained_.push_back(&module);
    for (const auto& [name, inner] : module.modules_) collect(*inner);
}

// What serves in the place of memory that was given back stays.
void EvaluationMode::discard(Module& module) {
    if (module.released_) return;
    module.discard_prepared();
    for (const auto& [name, inner] : module.modules_) discard(*inner);
}

}  // namespace unmask
