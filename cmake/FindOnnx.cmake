# SPDX-License-Identifier: Apache-2.0
# ONNX's messages and checker (Debian: libonnx-dev, and libprotobuf-dev for their headers), as the target Onnx::Onnx.
find_path(ONNX_INCLUDE_DIR onnx/onnx_pb.h)
find_library(ONNX_LIBRARY onnx)
find_library(ONNX_PROTO_LIBRARY onnx_proto)
find_package(Protobuf QUIET)
include(FindPackageHandleStandardArgs)
find_package_handle_standard_args(Onnx REQUIRED_VARS ONNX_LIBRARY ONNX_PROTO_LIBRARY ONNX_INCLUDE_DIR Protobuf_FOUND)
if(Onnx_FOUND AND NOT TARGET Onnx::Onnx)
    add_library(Onnx::Onnx INTERFACE IMPORTED)
    target_include_directories(Onnx::Onnx SYSTEM INTERFACE ${ONNX_INCLUDE_DIR})
    target_compile_definitions(Onnx::Onnx INTERFACE ONNX_NAMESPACE=onnx ONNX_ML=1)
    target_link_libraries(Onnx::Onnx INTERFACE ${ONNX_LIBRARY} ${ONNX_PROTO_LIBRARY} protobuf::libprotobuf)
endif()
