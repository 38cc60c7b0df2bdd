// SPDX-License-Identifier: Apache-2.0
#include "apps/compute.h"

#include "engine/compute_mode.h"
#include "engine/error.h"
#include "engine/ops/cast.h"

namespace unmask {
namespace {

constexpr std::string_view names[] = {"f32", "tf32", "bf16"};

}  // namespace

Precision parse_precision(std::string_view name) {
    for (size_t i = 0; i < std::size(names); ++i)
        if (names[i] == name) return static_cast<Precision>(i);
    fail("precision: expected f32, tf32 or bf16, found '{}'", name);
}

std::string_view name_of(Precision precision) {
    return names[static_cast<size_t>(precision)];
}

DType image_dtype(Precision precision) {
    return precision == Precision::bf16 ? DType::bf16 : DType::f32;
}

Tensor model_input(const Tensor& images, const Compute& compute) {
    return cast(images.to(compute.device), image_dtype(compute.precision)).value();
}

void prepare_compute(const Compute& compute, bool deterministic) {
    static_cast<void>(context_of(compute.device));
    if (compute.device.type == DeviceType::cpu && compute.precision != Precision::f32)
        fail("precision: expected f32 on the CPU, found {} (it needs --device cuda)",
             name_of(compute.precision));
    if (compute.device.type == DeviceType::cpu && !deterministic)
        fail(
            "--nondeterministic: expected a GPU (--device cuda), found the CPU, which is always "
            "deterministic");
    set_compute_mode({.tf32 = compute.precision == Precision::tf32, .deterministic = deterministic});
}

void time_algorithms() {
    ComputeMode mode = compute_mode();
    mode.time_algorithms = true;
    set_compute_mode(mode);
}

}  // namespace unmask
