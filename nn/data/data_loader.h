#pragma once

#include <concepts>
#include <iterator>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "nn/data/collate.h"
#include "nn/options.h"

namespace taper::data {

/// Of DataLoader.
struct DataLoaderOptions {
  ByName by_name_ = {};
  Int batch_size = 1;
  bool shuffle = false;    ///< another order each epoch: one randperm of the global generator
  bool drop_last = false;  ///< whether a last batch that is smaller is left out
  TAPER_OPTIONS(DataLoaderOptions, 0, batch_size, shuffle, drop_last)
};

namespace detail {

void check_loader(int64_t batch_size);
/// The numbers 0..size-1 in the order of an epoch.
Tensor epoch_order(int64_t size, bool shuffle);

template <class Dataset>
auto load_batch(const Dataset& set, const Tensor& indices) {
  if constexpr (requires { set.get_batch(indices); }) {
    return set.get_batch(indices);
  } else {
    std::vector<decltype(set.get(int64_t(0)))> examples;
    const int64_t* i = indices.data_ptr<int64_t>();
    for (int64_t k = 0; k < indices.numel(); ++k) examples.push_back(set.get(i[k]));
    return collate(examples);
  }
}

}  // namespace detail

/// Batches of a data set, which has `size()` and either `get(i)`, example i (a Tensor, a number, an
/// Example, or a pair or tuple of these), or `get_batch(indices)`. Each loop over it is an epoch:
/// `for (auto [images, labels] : DataLoader(train, {.batch_size = 64, .shuffle = true}))`
template <class Dataset>
class DataLoader {
 public:
  using Batch = decltype(detail::load_batch(std::declval<const Dataset&>(), Tensor()));

  explicit DataLoader(Dataset set, const DataLoaderOptions& options = {})
      : set_(std::move(set)), options_(options) {
    detail::check_loader(options.batch_size);
  }

  /// The data set and the options that it was made with.
  const Dataset& dataset() const { return set_; }
  const DataLoaderOptions& options() const { return options_; }
  /// The number of batches.
  int64_t size() const {
    int64_t n = set_.size(), b = options_.batch_size;
    return options_.drop_last ? n / b : (n + b - 1) / b;
  }

  /// Walks an epoch, one batch in memory at a time.
  class Iterator {
   public:
    using iterator_category = std::input_iterator_tag;
    using value_type = Batch;
    using difference_type = std::ptrdiff_t;
    using pointer = Batch*;
    using reference = Batch&;

    Iterator(const DataLoader& loader, Tensor order) : loader_(&loader), order_(std::move(order)) {
      load();
    }
    Batch& operator*() const { return *batch_; }
    Batch* operator->() const { return batch_.get(); }
    Iterator& operator++() {
      ++number_;
      load();
      return *this;
    }
    void operator++(int) { ++*this; }
    bool operator==(std::default_sentinel_t) const { return !batch_; }

   private:
    void load() {
      batch_ = nullptr;
      if (number_ >= loader_->size()) return;
      int64_t first = number_ * loader_->options_.batch_size;
      int64_t count = std::min<int64_t>(loader_->options_.batch_size, order_.numel() - first);
      batch_ = std::make_shared<Batch>(
          detail::load_batch(loader_->set_, order_.narrow(0, first, count)));
    }
    const DataLoader* loader_;
    Tensor order_;
    int64_t number_ = 0;
    std::shared_ptr<Batch> batch_;
  };

  /// Begins an epoch.
  Iterator begin() const {
    return Iterator(*this, detail::epoch_order(set_.size(), options_.shuffle));
  }
  std::default_sentinel_t end() const { return {}; }

 private:
  Dataset set_;
  DataLoaderOptions options_;
};

}  // namespace taper::data
