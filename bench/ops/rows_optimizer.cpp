// SPDX-License-Identifier: Apache-2.0
// Updates of parameters, and gradients that are added up, of four million numbers: more than caches hold.
#include "bench/ops/op_rows.h"
#include "engine/ops/accumulate.h"
#include "engine/optimizer.h"

namespace unmask::detail {
namespace {

using Inputs = std::vector<Variable>;

const Shape parameters{int64_t{1} << 22};

constexpr Draw squares{Draw::Kind::uniform, 0.0, 1.0};

UpdateOperands operands(double first, double second) {
    return {.factors = Tensor::from<double>({2}, {first, second}), .copy = {}, .guard = {}};
}

// Values and moments change in place.
void add_updates(std::vector<OpRow>& rows) {
    rows.push_back({{"adam_step",
                     "adam_step_4M",
                     {{"gradient", parameters, {}, false},
                      {"value", parameters, {}, false},
                      {"first_moment", parameters, {}, false},
                      {"second_moment", parameters, squares, false}},
                     [](const Inputs& in) {
                         Tensor value = in[1].value(), first = in[2].value(), second = in[3].value();
                         adam_step(in[0].value(), value, first, second, operands(1e-3, 1.0),
                                   AdamParams{.weight_decay = 1e-6});
                         return Variable(value);
                     }}});
    rows.push_back({{"sgd_step",
                     "sgd_step_4M_momentum",
                     {{"gradient", parameters, {}, false},
                      {"value", parameters, {}, false},
                      {"velocity", parameters, {}, false}},
                     [](const Inputs& in) {
                         Tensor value = in[1].value(), velocity = in[2].value();
                         sgd_step(in[0].value(), value, velocity, operands(1e-3, 0.9),
                                  SgdParams{.momentum = 0.9, .weight_decay = 1e-6});
                         return Variable(value);
                     }}});
}

}  // namespace

void add_optimizer_rows(std::vector<OpRow>& rows) {
    add_updates(rows);
    rows.push_back(
        {{"accumulate_gradients",
          "accumulate_gradients_4M",
          {{"gradient", parameters, {}, false}, {"target", parameters, {}, false}},
          [](const Inputs& in) {
              accumulate_gradients(in[1].value(), std::vector<Accumulation>{{in[0].value(), in[1].value()}});
              return in[1];
          }}});
}

}  // namespace unmask::detail
