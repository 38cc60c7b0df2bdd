// SPDX-License-Identifier: Apache-2.0
#include <array>
#include <bit>
#include <sstream>

#include "engine/atomic_file.h"
#include "engine/error.h"
#include "models/exchange/pickle_code.h"
#include "models/exchange/state_dict.h"
#include "models/exchange/zip_writer.h"

namespace unmask {
namespace {

constexpr const char* root_folder = "archive";
constexpr uint8_t pickle_protocol = 2;

const char* storage_name(DType dtype) {
    switch (dtype) {
        case DType::f32:
            return "FloatStorage";
        case DType::f64:
            return "DoubleStorage";
        case DType::bf16:
            return "BFloat16Storage";
        case DType::f16:
            return "HalfStorage";
        case DType::u8:
            return "ByteStorage";
        case DType::i8:
            return "CharStorage";
        case DType::i32:
            return "IntStorage";
        case DType::i64:
            return "LongStorage";
    }
    return "";
}

class PickleWriter {
  public:
    PickleWriter& code(PickleCode code) {
        text_ += static_cast<char>(code);
        return *this;
    }
    PickleWriter& codes(std::initializer_list<PickleCode> several) {
        for (const PickleCode one : several) code(one);
        return *this;
    }
    template <class Number>
    PickleWriter& number(Number number) {
        for (size_t i = 0; i < sizeof(Number); ++i)
            text_ += static_cast<char>(static_cast<uint64_t>(number) >> (8 * i));
        return *this;
    }
    PickleWriter& global(std::string_view module, std::string_view name) {
        code(PickleCode::global).text_ += std::string(module) + '\n' + std::string(name) + '\n';
        return *this;
    }
    PickleWriter& text(std::string_view text) {
        code(PickleCode::text).number(static_cast<uint32_t>(text.size())).text_ += text;
        return *this;
    }
    PickleWriter& integer(int64_t value) { return code(PickleCode::long1).number(uint8_t{8}).number(value); }
    PickleWriter& integers(const std::vector<int64_t>& values) {
        code(PickleCode::mark);
        for (const int64_t value : values) integer(value);
        return code(PickleCode::tuple_from_mark);
    }
    [[nodiscard]] const std::string& bytes() const { return text_; }

  private:
    std::string text_;
};

PickleWriter& write_empty_ordered_dict(PickleWriter& pickle) {
    return pickle.global("collections", "OrderedDict").codes({PickleCode::empty_tuple, PickleCode::reduce});
}

// torch._utils._rebuild_tensor_v2(storage, offset 0, sizes, strides, requires_grad False, hooks
// OrderedDict())
void write_tensor(PickleWriter& pickle, const Tensor& tensor, size_t key) {
    std::vector<int64_t> sizes(tensor.shape().begin(), tensor.shape().end()), strides(sizes.size(), 1);
    for (size_t i = sizes.size(); i-- > 1;) strides[i - 1] = strides[i] * std::max<int64_t>(sizes[i], 1);
    pickle.global("torch._utils", "_rebuild_tensor_v2").codes({PickleCode::mark, PickleCode::mark});
    pickle.text("storage")
        .global("torch", storage_name(tensor.dtype()))
        .text(std::to_string(key))
        .text("cpu");
    pickle.integer(tensor.numel()).codes({PickleCode::tuple_from_mark, PickleCode::persistent_id});
    pickle.integer(0).integers(sizes).integers(strides).code(PickleCode::new_false);
    write_empty_ordered_dict(pickle).codes({PickleCode::tuple_from_mark, PickleCode::reduce});
}

std::string pickle_of(const TensorFile& file) {
    PickleWriter pickle;
    pickle.code(PickleCode::protocol).number(pickle_protocol);
    write_empty_ordered_dict(pickle).code(PickleCode::mark);
    size_t key = 0;
    for (const auto& [name, tensor] : file.tensors) {
        pickle.text(name);
        write_tensor(pickle, tensor, key++);
    }
    pickle.code(PickleCode::set_items);
    // The attributes of the OrderedDict, as PyTorch's own state dicts have them.
    pickle.code(PickleCode::empty_dict)
        .text("_metadata")
        .codes({PickleCode::empty_dict})
        .text(torch_metadata_key);
    pickle.codes({PickleCode::empty_dict, PickleCode::mark});
    for (const auto& [name, value] : file.metadata) pickle.text(name).text(value);
    pickle.codes({PickleCode::set_items, PickleCode::set_item, PickleCode::set_item, PickleCode::build});
    pickle.code(PickleCode::stop);
    return pickle.bytes();
}

}  // namespace

void write_torch_file(const std::filesystem::path& path, const TensorFile& file) {
    static_assert(std::endian::native == std::endian::little, "storages are written as they are");
    write_file_atomically(path, [&](std::ostream& out) {
        ZipWriter archive(out);
        const std::string name = root_folder;
        archive.add(name + "/data.pkl", pickle_of(file));
        archive.add(name + "/byteorder", "little");
        size_t key = 0;
        for (const auto& [tensor_name, tensor] : file.tensors) {
            const Tensor host = tensor.to(cpu_device);
            const auto* bytes = host.bytes() > 0 ? static_cast<const char*>(host.raw()) : "";
            archive.add(name + "/data/" + std::to_string(key++), {bytes, host.bytes()});
        }
        archive.add(name + "/version", "3\n");
        archive.finish();
    });
}

}  // namespace unmask
