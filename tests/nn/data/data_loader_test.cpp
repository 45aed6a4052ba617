#include "nn/data/data_loader.h"

#include <boost/test/unit_test.hpp>

#include "tests/support/error_text.h"

namespace {

using namespace taper;
using taper::test::error_text;

data::TensorDataset numbers(int64_t n) {
  return {arange(2 * n, {.dtype = float32}).view({n, 2}), arange(n)};
}

std::string sizes_of(const auto& loader) {
  std::string out;
  for (auto& [images, labels] : loader) out += std::to_string(labels.numel()) + " ";
  return out;
}

std::string labels_of(const auto& loader) {
  std::string out;
  for (auto [images, labels] : loader)
    for (int64_t i = 0; i < labels.numel(); ++i)
      out += std::to_string(labels[i].template item<int64_t>()) + " ";
  return out;
}

}  // namespace

BOOST_AUTO_TEST_SUITE(data_loader)

BOOST_AUTO_TEST_CASE(cuts_batches) {
  data::DataLoader loader(numbers(7), {.batch_size = 3});
  BOOST_TEST(loader.size() == 3);
  BOOST_TEST(sizes_of(loader) == "3 3 1 ");
  BOOST_TEST(labels_of(loader) == "0 1 2 3 4 5 6 ");
  auto first = *loader.begin();
  BOOST_TEST(first.data.sizes() == IntList({3, 2}));
  BOOST_TEST(first.data[2][1].item<float>() == 5);
  data::DataLoader dropping(numbers(7), {.batch_size = 3, .drop_last = true});
  BOOST_TEST(sizes_of(dropping) == "3 3 ");
  BOOST_TEST(dropping.size() == 2);
  BOOST_TEST(sizes_of(data::DataLoader(numbers(6), {.batch_size = 3})) == "3 3 ");
  BOOST_TEST(sizes_of(data::DataLoader(numbers(2), {.batch_size = 3})) == "2 ");
  BOOST_TEST(sizes_of(data::DataLoader(numbers(0), {.batch_size = 3, .shuffle = true})) == "");
  BOOST_TEST(sizes_of(data::DataLoader(numbers(2))) == "1 1 ");
}

BOOST_AUTO_TEST_CASE(an_epochs_order_is_one_randperm) {
  data::DataLoader loader(numbers(7), {.batch_size = 3, .shuffle = true});
  manual_seed(4);
  std::string first = labels_of(loader), second = labels_of(loader);
  double after = rand({1}).item<double>();
  manual_seed(4);
  auto text = [] {
    Tensor order = randperm(7);
    std::string out;
    for (int64_t i = 0; i < 7; ++i) out += std::to_string(order[i].item<int64_t>()) + " ";
    return out;
  };
  BOOST_TEST(first == text());
  BOOST_TEST(second == text());
  BOOST_TEST(rand({1}).item<double>() == after);
}

BOOST_AUTO_TEST_CASE(takes_data_sets_of_other_classes) {
  struct Squares {
    int64_t size() const { return 5; }
    std::pair<Tensor, int64_t> get(int64_t i) const { return {full({2}, double(i * i)), i}; }
  };
  std::string seen;
  for (auto [x, label] : data::DataLoader(Squares(), {.batch_size = 2})) {
    BOOST_TEST(label.dtype() == int64);
    BOOST_TEST(x.sizes() == IntList({label.numel(), 2}));
    seen += std::to_string(x.sum().item<int64_t>()) + " ";
  }
  BOOST_TEST(seen == "2 26 32 ");

  struct Images {
    int64_t size() const { return 3; }
    Tensor get(int64_t i) const { return full({1, 2}, i); }
  };
  for (const Tensor& batch : data::DataLoader(Images(), {.batch_size = 3}))
    BOOST_TEST(batch.sizes() == IntList({3, 1, 2}));

  struct Examples {
    int64_t size() const { return 3; }
    data::Example get(int64_t i) const { return {full({2}, i), tensor(i)}; }
  };
  for (auto& batch : data::DataLoader(Examples(), {.batch_size = 3}))
    BOOST_TEST(batch.target.sizes() == IntList({3}));
}

BOOST_AUTO_TEST_CASE(a_tensor_data_set_gives_examples) {
  data::TensorDataset set = numbers(4);
  BOOST_TEST(set.size() == 4);
  BOOST_TEST(set.get(3).data[0].item<float>() == 6);
  BOOST_TEST(set.get(3).target.item<int64_t>() == 3);
  BOOST_TEST(set.get_batch(tensor({2, 0})).target[0].item<int64_t>() == 2);
}

BOOST_AUTO_TEST_CASE(refuses_what_does_not_fit) {
  BOOST_TEST(error_text([] { data::DataLoader(numbers(3), {.batch_size = 0}); }) ==
             "DataLoader: batch_size is 0; expected 1 or more");
  BOOST_TEST(
      error_text([] {
        data::TensorDataset(zeros({3, 2}), zeros({4}));
      }) ==
      "TensorDataset: images of shape [3, 2] and labels of shape [4]; expected equal first sizes");
}

BOOST_AUTO_TEST_SUITE_END()
