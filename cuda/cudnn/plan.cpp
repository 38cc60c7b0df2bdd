// SPDX-License-Identifier: Apache-2.0
// Execution plans: see plan.h.
#include "cuda/cudnn/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "cuda/check.h"
#include "engine/compute_mode.h"
#include "engine/error.h"

namespace unmask::cudnn {
namespace {

Descriptor engine_of(const Descriptor& configuration) {
    auto engines = configuration.descriptors(CUDNN_ATTR_ENGINECFG_ENGINE, CUDNN_BACKEND_ENGINE_DESCRIPTOR, 1);
    UNMASK_ASSERT(engines.size() == 1);
    return std::move(engines.front());
}

bool allowed(const Descriptor& engine, const EngineRules& rules) {
    for (const auto note : engine.values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                                      CUDNN_NUMERICAL_NOTE_TYPE_COUNT)) {
        switch (note) {
            case CUDNN_NUMERICAL_NOTE_NONDETERMINISTIC:
                if (rules.deterministic) return false;
                break;
            case CUDNN_NUMERICAL_NOTE_TENSOR_CORE:
                if (rules.full_float32) return false;
                break;
            case CUDNN_NUMERICAL_NOTE_DOWN_CONVERT_INPUTS:
                if (rules.float32) return false;
                break;
            case CUDNN_NUMERICAL_NOTE_REDUCED_PRECISION_REDUCTION:
            // The larger Winograd tiles and FFT lose digits that the plain sum keeps.
            case CUDNN_NUMERICAL_NOTE_FFT:
            case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_4x4:
            case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_6x6:
            case CUDNN_NUMERICAL_NOTE_WINOGRAD_TILE_13x13:
                return false;
            default:
                break;
        }
    }
    return true;
}

Choice choice_of(const Descriptor& configuration) {
    Choice result;
    result.engine = engine_of(configuration).value<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
    for (const Descriptor& knob : configuration.descriptors(
             CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR, CUDNN_KNOB_TYPE_COUNTS))
        result.knobs.emplace_back(knob.value<cudnnBackendKnobType_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE),
                                  knob.value<int64_t>(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE));
    return result;
}

void set_device(const PlanTarget& target, Descriptor& descriptor, cudnnBackendAttributeName_t name) {
#if CUDNN_VERSION >= 90800
    if (target.device != nullptr) descriptor.set_descriptor(name, *target.device);
#else
    static_cast<void>(target), static_cast<void>(descriptor), static_cast<void>(name);
#endif
}

std::string refused(const char* what, cudnnStatus_t status) {
    return fmt::format("{}: {} ({})", what, cudnnGetErrorString(status), last_message());
}

bool on_tensor_cores(const Descriptor& configuration) {
    const auto notes = engine_of(configuration)
                           .values<cudnnBackendNumericalNote_t>(CUDNN_ATTR_ENGINE_NUMERICAL_NOTE,
                                                                CUDNN_NUMERICAL_NOTE_TYPE_COUNT);
    return std::find(notes.begin(), notes.end(), CUDNN_NUMERICAL_NOTE_TENSOR_CORE) != notes.end();
}

bool compiled_at_run_time(const Descriptor& configuration) {
    const auto notes = engine_of(configuration)
                           .values<cudnnBackendBehaviorNote_t>(CUDNN_ATTR_ENGINE_BEHAVIOR_NOTE,
                                                               CUDNN_BEHAVIOR_NOTE_TYPE_COUNT);
    return std::find(notes.begin(), notes.end(), CUDNN_BEHAVIOR_NOTE_RUNTIME_COMPILATION) != notes.end();
}

void order(std::vector<Descriptor>& configurations, const CandidateLimits& limits) {
    if (limits.tensor_cores_first)
        std::stable_partition(configurations.begin(), configurations.end(), on_tensor_cores);
    if (limits.compiled_last)
        std::stable_partition(configurations.begin(), configurations.end(),
                              [](const Descriptor& one) { return !compiled_at_run_time(one); });
}

// `refusal` says so where none is left.
void limit_compiled(std::vector<Descriptor>& configurations, const CandidateLimits& limits,
                    std::string& refusal) {
    if (configurations.empty()) return;
    size_t compiled = 0;
    std::erase_if(configurations, [&](const Descriptor& one) {
        return compiled_at_run_time(one) && ++compiled > limits.compiled;
    });
    if (configurations.empty())
        refusal = fmt::format("heuristic: {} engines, all of which would have to be compiled", compiled);
}

}  // namespace

EngineRules EngineRules::of(DType dtype) {
    const ComputeMode mode = compute_mode();
    const bool float32 = dtype == DType::f32;
    return {.deterministic = mode.deterministic, .full_float32 = float32 && !mode.tf32, .float32 = float32};
}

cudnnStatus_t Plan::execute(cudnnHandle_t handle, std::span<const Operand> operands, void* workspace) const {
    std::vector<int64_t> ids;
    std::vector<void*> pointers;
    for (const Operand& operand : operands) {
        ids.push_back(operand.id);
        pointers.push_back(operand.memory);
    }
    Descriptor pack(CUDNN_BACKEND_VARIANT_PACK_DESCRIPTOR);
    pack.set_all<int64_t>(CUDNN_ATTR_VARIANT_PACK_UNIQUE_IDS, ids);
    pack.set_all<void*>(CUDNN_ATTR_VARIANT_PACK_DATA_POINTERS, pointers);
    pack.set(CUDNN_ATTR_VARIANT_PACK_WORKSPACE, workspace);
    pack.finalize();
    return cudnnBackendExecute(handle, plan_.get(), pack.get());
}

std::vector<Descriptor> engine_configurations(const PlanTarget& target, const OperationGraph& graph,
                                              cudnnBackendHeurMode_t mode, const EngineRules& rules,
                                              std::string& refusal) {
    constexpr int64_t most = 64;
    Descriptor heuristic(CUDNN_BACKEND_ENGINEHEUR_DESCRIPTOR);
    heuristic.set_descriptor(CUDNN_ATTR_ENGINEHEUR_OPERATION_GRAPH, graph.graph);
    heuristic.set(CUDNN_ATTR_ENGINEHEUR_MODE, mode);
#if CUDNN_VERSION >= 90800
    set_device(target, heuristic, CUDNN_ATTR_ENGINEHEUR_DEVICEPROP);
#endif
    if (const cudnnStatus_t status = heuristic.try_finalize(); status != CUDNN_STATUS_SUCCESS) {
        refusal = refused("heuristic", status);
        return {};
    }
    auto configurations =
        heuristic.descriptors(CUDNN_ATTR_ENGINEHEUR_RESULTS, CUDNN_BACKEND_ENGINECFG_DESCRIPTOR, most);
    const size_t proposed = configurations.size();
    std::erase_if(configurations, [&](const Descriptor& one) { return !allowed(engine_of(one), rules); });
    if (configurations.empty())
        refusal = fmt::format("heuristic: {} engines, none of which keeps to the compute mode", proposed);
    return configurations;
}

std::optional<Plan> make_plan(const PlanTarget& target, std::shared_ptr<const OperationGraph> graph,
                              Descriptor configuration, std::string& refusal) {
    Plan result;
    result.plan_ = Descriptor(CUDNN_BACKEND_EXECUTION_PLAN_DESCRIPTOR);
    if (target.handle != nullptr) result.plan_.set(CUDNN_ATTR_EXECUTION_PLAN_HANDLE, target.handle);
#if CUDNN_VERSION >= 90800
    set_device(target, result.plan_, CUDNN_ATTR_EXECUTION_PLAN_DEVICEPROP);
#endif
    result.plan_.set_descriptor(CUDNN_ATTR_EXECUTION_PLAN_ENGINE_CONFIG, configuration);
    if (const cudnnStatus_t status = result.plan_.try_finalize(); status != CUDNN_STATUS_SUCCESS) {
        refusal = refused("plan", status);
        return std::nullopt;
    }
    result.workspace_bytes_ =
        static_cast<size_t>(result.plan_.value<int64_t>(CUDNN_ATTR_EXECUTION_PLAN_WORKSPACE_SIZE));
    result.choice_ = choice_of(configuration);
    result.graph_ = std::move(graph);
    result.configuration_ = std::move(configuration);
    return result;
}

std::optional<Plan> make_plan(const PlanTarget& target, std::shared_ptr<const OperationGraph> graph,
                              const Choice& choice, const EngineRules& rules, std::string& refusal) {
    Descriptor engine(CUDNN_BACKEND_ENGINE_DESCRIPTOR);
    engine.set_descriptor(CUDNN_ATTR_ENGINE_OPERATION_GRAPH, graph->graph);
    engine.set(CUDNN_ATTR_ENGINE_GLOBAL_INDEX, choice.engine);
#if CUDNN_VERSION >= 90800
    set_device(target, engine, CUDNN_ATTR_ENGINE_DEVICEPROP);
#endif
    if (const cudnnStatus_t status = engine.try_finalize(); status != CUDNN_STATUS_SUCCESS) {
        refusal = refused("stored engine", status);
        return std::nullopt;
    }
    if (!allowed(engine, rules)) {
        refusal = "stored engine: it does not keep to the compute mode";
        return std::nullopt;
    }
    std::vector<Descriptor> knobs;
    std::vector<const Descriptor*> pointers;
    for (const auto& [type, value] : choice.knobs) {
        Descriptor& knob = knobs.emplace_back(CUDNN_BACKEND_KNOB_CHOICE_DESCRIPTOR);
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_TYPE, static_cast<cudnnBackendKnobType_t>(type));
        knob.set(CUDNN_ATTR_KNOB_CHOICE_KNOB_VALUE, value);
        if (const cudnnStatus_t status = knob.try_finalize(); status != CUDNN_STATUS_SUCCESS) {
            refusal = refused("stored knob", status);
            return std::nullopt;
        }
    }
    for (const Descriptor& knob : knobs) pointers.push_back(&knob);
    Descriptor configuration(CUDNN_BACKEND_ENGINECFG_DESCRIPTOR);
    configuration.set_descriptor(CUDNN_ATTR_ENGINECFG_ENGINE, engine);
    if (!pointers.empty()) configuration.set_descriptors(CUDNN_ATTR_ENGINECFG_KNOB_CHOICES, pointers);
    if (const cudnnStatus_t status = configuration.try_finalize(); status != CUDNN_STATUS_SUCCESS) {
        refusal = refused("stored configuration", status);
        return std::nullopt;
    }
    return make_plan(target, std::move(graph), std::move(configuration), refusal);
}

std::vector<Plan> candidate_plans(const PlanTarget& target,
                                  const std::shared_ptr<const OperationGraph>& graph,
                                  cudnnBackendHeurMode_t mode, const EngineRules& rules,
                                  const CandidateLimits& limits, std::string& refusal) {
    auto configurations = engine_configurations(target, *graph, mode, rules, refusal);
    limit_compiled(configurations, limits, refusal);
    order(configurations, limits);
    std::vector<Plan> result;
    std::map<int64_t, size_t> of_engine;
    for (Descriptor& configuration : configurations) {
        const int64_t engine = engine_of(configuration).value<int64_t>(CUDNN_ATTR_ENGINE_GLOBAL_INDEX);
        if (result.size() >= limits.count && of_engine[engine] >= limits.of_engine) continue;
        std::optional<Plan> plan = make_plan(target, graph, std::move(configuration), refusal);
        if (!plan) continue;
        if (plan->workspace_bytes() > limits.workspace_bytes) {
            refusal = fmt::format("plan: a workspace of {} bytes, more than {}", plan->workspace_bytes(),
                                  limits.workspace_bytes);
            continue;
        }
        ++of_engine[engine];
        result.push_back(std::move(*plan));
    }
    return result;
}

}  // namespace unmask::cudnn
