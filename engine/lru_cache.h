// SPDX-License-Identifier: Apache-2.0
// A bounded cache that forgets what was not used for longest: kernels keep their plans in one.
#pragma once

#include <cstddef>
#include <list>
#include <mutex>
#include <string>
#include <unordered_map>
#include <utility>

namespace unmask {

// A key made of the bytes of trivially copyable values, in order.
class CacheKey {
  public:
    template <class T>
    CacheKey& add(const T& value) {
        static_assert(std::is_trivially_copyable_v<T> && std::has_unique_object_representations_v<T>);
        bytes_.append(reinterpret_cast<const char*>(&value), sizeof(T));
        return *this;
    }
    template <class Range>
    CacheKey& add_all(const Range& range) {
        for (const auto& value : range) add(value);
        return *this;
    }
    [[nodiscard]] const std::string& str() const { return bytes_; }

  private:
    std::string bytes_;
};

// Thread-safe, and `make` may ask the same cache for another key. Values are copied out, so they should be
// handles.
template <class Value>
class LruCache {
  public:
    explicit LruCache(size_t capacity) : capacity_(capacity) {}

    // The value under the key, made by `make` when there is none.
    template <class Make>
    Value get(const std::string& key, Make&& make) {
        const std::lock_guard lock(mutex_);
        const auto found = places_.find(key);
        if (found != places_.end()) {
            entries_.splice(entries_.begin(), entries_, found->second);
            return found->second->second;
        }
        entries_.emplace_front(key, make());
        places_[key] = entries_.begin();
        if (entries_.size() > capacity_) {
            places_.erase(entries_.back().first);
            entries_.pop_back();
        }
        return entries_.front().second;
    }
    [[nodiscard]] size_t size() const {
        const std::lock_guard lock(mutex_);
        return entries_.size();
    }

  private:
    using Entries = std::list<std::pair<std::string, Value>>;
    size_t capacity_;
    mutable std::recursive_mutex mutex_;
    Entries entries_;  // most recently used first
    std::unordered_map<std::string, typename Entries::iterator> places_;
};

}  // namespace unmask
