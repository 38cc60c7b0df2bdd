// SPDX-License-Identifier: Apache-2.0
#include "apps/compute.h"

#include "data/on_threads.h"
#include "engine/compute_mode.h"
#include "engine/error.h"
#include "engine/ops/cast.h"
#include "engine/ops/layout.h"

namespace unmask {
namespace {

constexpr std::string_view names[] = {"f32", "tf32", "bf16", "int8"};

}  // namespace

Precision parse_precision(std::string_view name) {
    for (size_t i = 0; i < std::size(names); ++i)
        if (names[i] == name) return static_cast<Precision>(i);
    fail("expected a precision of f32, tf32, bf16 or int8, found '{}'", name);
}

std::string_view name_of(Precision precision) {
    return names[static_cast<size_t>(precision)];
}

int resolved_threads(int threads) {
    return threads_or_cores(threads);
}

DType image_dtype(Precision precision) {
    return precision == Precision::bf16 ? DType::bf16 : DType::f32;
}

int gpu_image_channels(Precision precision) {
    return precision == Precision::bf16 ? 8 : 4;
}

Tensor model_input(const Tensor& images, const Compute& compute) {
    const NoGrad nothing_recorded;
    const DType dtype = image_dtype(compute.precision);
    const Variable input = cast(images.to(compute.device), dtype);
    const int64_t missing = gpu_image_channels(compute.precision) - images.dim(3);
    if (compute.device.type == DeviceType::cpu || missing <= 0) return input.value();
    Shape shape = images.shape();
    shape.set(3, missing);
    return concat({input, Variable(Tensor::zeros(shape, dtype, compute.device))}, 3).value();
}

void prepare_compute(const Compute& compute, bool deterministic) {
    static_cast<void>(context_of(compute.device));
    set_compute(compute, deterministic);
}

void set_compute(const Compute& compute, bool deterministic) {
    if (compute.device.type == DeviceType::cpu && compute.precision != Precision::f32 &&
        compute.precision != Precision::int8)
        fail("--precision: expected f32 on the CPU, found {} (it needs --device cuda)",
             name_of(compute.precision));
    if (compute.device.type == DeviceType::cpu && !deterministic)
        fail(
            "--nondeterministic: expected a GPU (--device cuda), found the CPU, which is always "
            "deterministic");
    if (compute.recomputed_stages != no_stage) check_recomputable(compute.schedule);
    set_compute_mode({.tf32 = compute.precision == Precision::tf32,
                      .deterministic = deterministic,
                      .winograd = compute.winograd});
}

void time_algorithms() {
    ComputeMode mode = compute_mode();
    mode.time_algorithms = true;
    set_compute_mode(mode);
}

}  // namespace unmask
