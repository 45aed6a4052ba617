#include <fmt/format.h>
#include <boost/test/unit_test.hpp>

#include <new>
#include <optional>

#include "autograd/graph/grad_mode.h"
#include "autograd/graph/node.h"
#include "autograd/tensor/factories.h"
#include "nn/layers/pooling.h"
#include "tests/nn/modules.h"
#include "tests/support/error_text.h"

using namespace taper;
using namespace taper::test;

BOOST_AUTO_TEST_SUITE(clones)

BOOST_AUTO_TEST_CASE(clone_is_deep) {
  Net net;
  net.eval();
  Net own = net.clone();
  BOOST_TEST(names(own.named_parameters()) == names(net.named_parameters()));
  BOOST_TEST(!own.is_training());
  for (size_t i = 0; i < net.parameters().size(); ++i) {
    BOOST_TEST(!own.parameters()[i].is_alias_of(net.parameters()[i]));
    BOOST_TEST(own.parameters()[i].requires_grad());
  }
  BOOST_TEST(own.shift.is_same(own.named_parameters()["shift"]));
  BOOST_TEST(own.block.first.weight.is_same(own.named_parameters()["block.first.weight"]));
  BOOST_TEST(own.block.first.seen.is_same(own.named_buffers()["block.first.seen"]));
  {
    NoGradGuard no_grad;
    own.block.first.weight.fill_(0);
  }
  BOOST_TEST(at(net(ones({2})), 0) == 30.5);
  BOOST_TEST(at(own(ones({2})), 0) == 0.5);
  BOOST_TEST(own(ones({2}), false).grad_fn()->path()->full == "out");
}

BOOST_AUTO_TEST_CASE(clone_reaches_layers_in_containers) {
  struct Stack : nn::Layer<Stack> {
    std::vector<Scale> scales;
    std::function<Tensor(const Tensor&)> last;
    explicit Stack(int n) {
      for (int i = 0; i < n; ++i)
        scales.push_back(register_module("scale" + std::to_string(i), Scale(2)));
      last = [scale = scales[0]](const Tensor& x) { return scale(x); };
    }
    Tensor forward(Tensor x) {
      for (const Scale& s : scales) x = s(x);
      return last(x);
    }
  };
  Stack stack(3);
  Stack own = stack.clone();
  {
    NoGradGuard no_grad;
    for (const Tensor& p : stack.parameters()) p.fill_(7);
  }
  BOOST_TEST(at(own(ones({2})), 0) == 16);
  for (int i = 0; i < 3; ++i) {
    Tensor w = own.scales[size_t(i)].weight;
    BOOST_TEST(w.is_same(own.parameters()[size_t(i)]));
    BOOST_TEST(!w.is_same(stack.parameters()[size_t(i)]));
  }
}

BOOST_AUTO_TEST_CASE(clone_keeps_what_is_shared_inside) {
  struct Tied : nn::Layer<Tied> {
    Scale a = register_module("a", Scale(2));
    Scale b = register_module("b", a);
    Tensor tied = register_parameter("tied", a.weight);
  } tied;
  BOOST_TEST(names(tied.named_parameters()) == "tied ");
  Tied own = tied.clone();
  BOOST_TEST(own.a.weight.is_same(own.b.weight));
  BOOST_TEST(own.a.weight.is_same(own.tied));
  BOOST_TEST(!own.a.weight.is_same(tied.a.weight));
  BOOST_TEST(own.parameters().size() == 1u);
}

BOOST_AUTO_TEST_CASE(clone_refuses_tensors_in_containers) {
  struct Many : nn::Layer<Many> {
    std::vector<Tensor> all{register_parameter("w", ones({2}))};
  } many;
  BOOST_TEST(error_text([&] { many.clone(); }) ==
             "clone: \"w\" is also held in a container, where the copy would share it; expected "
             "tensors as members of their layer");
}

// What only looks like a tensor in the layer's bytes is no handle: not counted, not replaced.
BOOST_AUTO_TEST_CASE(clone_leaves_pointers_to_tensors_alone) {
  struct Pointing : nn::Layer<Pointing> {
    Tensor weight = register_parameter("weight", ones({2}));
    const TensorImpl* raw = weight.impl();
  };
  Tensor old, own;
  {
    Pointing layer;
    old = layer.weight;
    auto owners = old.impl()->use_count();
    Pointing copy = layer.clone();
    own = copy.weight;
    BOOST_TEST(old.impl()->use_count() == owners);
    BOOST_TEST(layer.weight.is_same(old));
    BOOST_TEST((layer.raw == old.impl()));
    BOOST_TEST((copy.raw == own.impl()));
  }
  BOOST_TEST(old.impl()->use_count() == 1u);
  BOOST_TEST(own.impl()->use_count() == 1u);
}

BOOST_AUTO_TEST_CASE(clone_leaves_what_is_left_in_reused_memory_alone) {
  struct Maybe : nn::Layer<Maybe> {
    Tensor weight = register_parameter("weight", ones({2}));
    std::optional<Tensor> other;
  };
  Tensor old, own;
  {
    Maybe layer;
    old = layer.weight;
    layer.other = layer.weight;
    layer.other.reset();  // the bytes keep what they were
    Maybe copy = layer.clone();
    own = copy.weight;
    BOOST_TEST(!copy.other);
    BOOST_TEST(!own.is_same(old));
  }
  BOOST_TEST(old.impl()->use_count() == 1u);
  BOOST_TEST(own.impl()->use_count() == 1u);
}

BOOST_AUTO_TEST_CASE(clone_knows_tensors_inside_other_members) {
  struct Inside : nn::Layer<Inside> {
    std::optional<Tensor> maybe = register_parameter("maybe", ones({2}));
    std::pair<int, Tensor> pair{7, register_buffer("second", ones({3}))};
    Tensor none;
  } layer;
  Inside own = layer.clone();
  BOOST_TEST(own.maybe->is_same(own.parameters()[0]));
  BOOST_TEST(own.pair.second.is_same(own.buffers()[0]));
  BOOST_TEST(!own.maybe->is_same(*layer.maybe));
  BOOST_TEST(layer.maybe->is_same(layer.parameters()[0]));
  BOOST_TEST(!own.none.defined());
}

BOOST_AUTO_TEST_CASE(clone_that_fails_leaves_the_layer_as_it_was) {
  struct Many : nn::Layer<Many> {
    Tensor w = register_parameter("w", ones({2}));
    std::vector<Tensor> all{w};
  } many;
  Tensor w = many.w;
  BOOST_CHECK_THROW(many.clone(), Error);
  BOOST_TEST(many.w.is_same(w));
  BOOST_TEST(w.impl()->use_count() == 4u);  // here, the member, the list and the registration
}

BOOST_AUTO_TEST_CASE(clone_of_a_class_whose_copy_constructor_registers) {
  struct Growing : nn::Layer<Growing> {
    Growing() = default;
    Growing(const Growing& other)
        : Layer(other), inner(other.inner), extra(register_parameter("extra", ones({1}))) {}
    Scale inner = register_module("inner", Scale(2));
    Tensor extra;
  } layer;
  Growing own = layer.clone();
  BOOST_TEST(own.inner.weight.is_same(own.named_parameters()["inner.weight"]));
  BOOST_TEST(own.extra.is_same(own.named_parameters()["extra"]));
  BOOST_TEST(names(layer.named_parameters()) == "inner.weight ");
}

BOOST_AUTO_TEST_CASE(handles_share_options_and_clones_do_not) {
  struct Net : nn::Layer<Net> {
    nn::MaxPool2d pool = register_module("pool", nn::MaxPool2d({.kernel_size = 2}));
    Tensor forward(const Tensor& x) { return pool(x); }
  } net;
  Net same = net, own = net.clone();
  net.apply([](nn::Module& m) {
    if (auto* pool = m.as<nn::MaxPool2d>()) pool->options.stride = 1;
  });
  Tensor x = ones({1, 1, 4, 4});
  BOOST_TEST(net(x).sizes() == IntList({1, 1, 3, 3}));
  BOOST_TEST(same(x).sizes() == IntList({1, 1, 3, 3}));
  BOOST_TEST(own(x).sizes() == IntList({1, 1, 2, 2}));
  BOOST_TEST(fmt::format("{}", same.pool) == "MaxPool2d(kernel_size=2, stride=1)");
  BOOST_TEST(fmt::format("{}", own.pool) == "MaxPool2d(kernel_size=2)");
}

BOOST_AUTO_TEST_SUITE_END()
