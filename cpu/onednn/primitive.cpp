// SPDX-License-Identifier: Apache-2.0
#include "cpu/onednn/primitive.h"

#include <fmt/format.h>

#include "cpu/parallel.h"
#include "engine/libraries.h"
#include "engine/lru_cache.h"

namespace unmask::onednn {
namespace {

dnnl::stream& cpu_stream() {
    thread_local dnnl::stream stream(cpu_engine());
    return stream;
}

const LibraryEntry library("oneDNN", [] {
    const dnnl_version_t* version = dnnl_version();
    return fmt::format("{}.{}.{}", version->major, version->minor, version->patch);
});

struct Reorder {
    dnnl::reorder primitive;
    Desc scratchpad;
};

CacheKey& add_desc(CacheKey& key, const Desc& desc) {
    for (size_t i = 0; i < sizeof(dnnl_memory_desc_t); ++i)
        key.add(reinterpret_cast<const char*>(&desc.data)[i]);
    return key;
}

}  // namespace

dnnl::engine& cpu_engine() {
    static dnnl::engine engine(dnnl::engine::kind::cpu, 0);
    return engine;
}

dnnl::primitive_attr default_attributes() {
    dnnl::primitive_attr attributes;
    attributes.set_scratchpad_mode(dnnl::scratchpad_mode::user);
    return attributes;
}

Desc strided(const Dims& dims, const Dims& strides) {
    return {dims, dnnl::memory::data_type::f32, strides};
}

Desc any_layout(const Dims& dims) {
    return {dims, dnnl::memory::data_type::f32, dnnl::memory::format_tag::any};
}

Desc nhwc(const Shape& shape) {
    const int64_t h = shape[1], w = shape[2], c = shape[3];
    return strided({shape[0], c, h, w}, {h * w * c, 1, w * c, c});
}

Dims weight_dims(const Shape& weight, int groups) {
    if (groups == 1) return {weight[0], weight[3], weight[1], weight[2]};
    return {groups, weight[0] / groups, weight[3], weight[1], weight[2]};
}

Desc ohwi(const Shape& weight, int groups) {
    const int64_t kw = weight[2], i = weight[3], per_output = weight[1] * kw * i;
    if (groups == 1) return strided(weight_dims(weight, 1), {per_output, 1, kw * i, i});
    return strided(weight_dims(weight, groups), {weight[0] / groups * per_output, per_output, 1, kw * i, i});
}

Desc vector_of(const Tensor& tensor) {
    return strided({tensor.numel()}, {1});
}

dnnl::memory wrap(const Desc& desc, const Tensor& tensor) {
    return {desc, cpu_engine(), tensor.raw()};
}

Tensor storage_for(const Desc& desc) {
    return Tensor::empty({static_cast<int64_t>(desc.get_size())}, DType::u8);
}

void execute(const dnnl::primitive& primitive, const Desc& scratchpad, Arguments arguments) {
    Tensor scratch;
    if (scratchpad.get_size() > 0) {
        scratch = storage_for(scratchpad);
        arguments.insert_or_assign(DNNL_ARG_SCRATCHPAD, wrap(scratchpad, scratch));
    }
    primitive.execute(cpu_stream(), arguments);
    cpu_stream().wait();
}

void reorder(const Desc& from, const Tensor& source, const Desc& to, const Tensor& target) {
    static LruCache<Reorder> cache(512);
    CacheKey key;
    add_desc(add_desc(key, from), to).add(thread_count());
    const Reorder plan = cache.get(key.str(), [&] {
        const dnnl::reorder::primitive_desc description(cpu_engine(), from, cpu_engine(), to,
                                                        default_attributes());
        return Reorder{dnnl::reorder(description), description.scratchpad_desc()};
    });
    execute(plan.primitive, plan.scratchpad,
            {{DNNL_ARG_FROM, wrap(from, source)}, {DNNL_ARG_TO, wrap(to, target)}});
}

Tensor packed(const Tensor& weight, const Desc& ours, const Desc& wanted) {
    if (ours == wanted) return weight;
    const auto pack = [&] {
        Tensor target = storage_for(wanted);
        reorder(ours, weight, wanted, target);
        return target;
    };
    if (!weight.buffer()->frozen()) return pack();
    CacheKey key;
    add_desc(key.add(weight.byte_offset()), wanted);
    return weight.buffer()->attachment<Tensor>(key.str(), pack);
}

}  // namespace unmask::onednn
