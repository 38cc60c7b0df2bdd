// SPDX-License-Identifier: Apache-2.0
#include "models/exchange/onnx_export.h"

#include <onnx/checker.h>
#include <onnx/onnx_pb.h>

#include "engine/atomic_file.h"
#include "engine/error.h"
#include "engine/libraries.h"
#include "models/exchange/onnx/graph.h"

namespace unmask {
namespace {

constexpr int64_t operator_set = 17;
constexpr int64_t format_version = 8;  // ONNX 1.10 to 1.12
constexpr size_t most_bytes = 2'000'000'000;

void set_attribute(onnx::NodeProto& node, const std::string& name, const onnx_export::Attribute& value) {
    onnx::AttributeProto& attribute = *node.add_attribute();
    attribute.set_name(name);
    if (const auto* integer = std::get_if<int64_t>(&value)) {
        attribute.set_type(onnx::AttributeProto::INT);
        attribute.set_i(*integer);
    } else if (const auto* number = std::get_if<float>(&value)) {
        attribute.set_type(onnx::AttributeProto::FLOAT);
        attribute.set_f(*number);
    } else {
        attribute.set_type(onnx::AttributeProto::INTS);
        for (const int64_t element : std::get<std::vector<int64_t>>(value)) attribute.add_ints(element);
    }
}

void set_value(onnx::ValueInfoProto& target, const onnx_export::Value& value) {
    target.set_name(value.name);
    onnx::TypeProto::Tensor& type = *target.mutable_type()->mutable_tensor_type();
    type.set_elem_type(onnx::TensorProto::FLOAT);
    type.mutable_shape()->add_dim()->set_dim_param("batch");
    for (int i = 1; i < value.shape.rank(); ++i)
        type.mutable_shape()->add_dim()->set_dim_value(value.shape[i]);
}

void set_constant(onnx::TensorProto& target, const std::string& name, const Tensor& tensor) {
    target.set_name(name);
    target.set_data_type(tensor.dtype() == DType::i64 ? onnx::TensorProto::INT64 : onnx::TensorProto::FLOAT);
    for (const int64_t size : tensor.shape()) target.add_dims(size);
    target.set_raw_data(tensor.raw(), tensor.bytes());
}

void set_graph(onnx::GraphProto& target, const onnx_export::Graph& graph) {
    target.set_name("detector");
    for (const onnx_export::Node& node : graph.nodes) {
        onnx::NodeProto& made = *target.add_node();
        made.set_name(node.outputs.front());
        made.set_op_type(node.op);
        for (const std::string& input : node.inputs) made.add_input(input);
        for (const std::string& output : node.outputs) made.add_output(output);
        for (const auto& [name, value] : node.attributes) set_attribute(made, name, value);
    }
    for (const auto& [name, tensor] : graph.constants) set_constant(*target.add_initializer(), name, tensor);
    set_value(*target.add_input(), graph.input);
    for (const onnx_export::Value& output : graph.outputs) set_value(*target.add_output(), output);
}

void set_metadata(onnx::ModelProto& model, const std::map<std::string, std::string>& metadata) {
    for (const auto& [name, value] : metadata) {
        if (name == "format" || name == "format_version" || name == "layout" || name == "weights")
            continue;  // of model files
        onnx::StringStringEntryProto& entry = *model.add_metadata_props();
        entry.set_key(name);
        entry.set_value(value);
    }
    onnx::StringStringEntryProto& classes = *model.add_metadata_props();
    classes.set_key("classes");
    classes.set_value("real fake");
}

}  // namespace

void require_onnx() {}

void export_onnx(const std::filesystem::path& path, Detector& detector, const CheckpointInfo& info) {
    const onnx_export::Graph graph =
        onnx_export::trace(detector, info.calibration ? info.calibration->temperature : 1.0);
    size_t bytes = 0;
    for (const auto& [name, tensor] : graph.constants) bytes += tensor.bytes();
    if (bytes > most_bytes)
        fail("{}: the model has {} bytes of parameters, ONNX files hold at most {}", path.string(), bytes,
             most_bytes);
    onnx::ModelProto model;
    model.set_ir_version(format_version);
    model.set_producer_name("unmask");
    onnx::OperatorSetIdProto& operators = *model.add_opset_import();
    operators.set_domain("");
    operators.set_version(operator_set);
    set_graph(*model.mutable_graph(), graph);
    set_metadata(model, detector_content(detector, nullptr, info, {}).metadata);
    try {
        onnx::checker::check_model(model);
    } catch (const std::exception& error) {
        fail("{}: ONNX's checker refuses the model: {}", path.string(), error.what());
    }
    write_file_atomically(path, [&](std::ostream& out) {
        // Where the file cannot take it, the writer of the file says why.
        if (!model.SerializeToOstream(&out) && out) fail("{}: ONNX cannot write the model", path.string());
    });
}

}  // namespace unmask
