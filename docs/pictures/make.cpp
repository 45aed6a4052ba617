// Draws the pictures of the documentation into a folder: `make_pictures docs/pictures`.

#include <taper.h>

using namespace taper;

namespace {

const TensorOptions with_grad{.requires_grad = true};

std::string folder = ".";

void draw(const std::string& name, const Tensor& output, const viz::Options& options) {
  viz::draw(output, folder + "/" + name + ".svg", options);
}

/// The gradient of y with respect to x by the documented formula, itself recorded.
Tensor formula(const Tensor& y, const Tensor& x, const Tensor& dy) {
  FormulaGuard formulas;
  return grad({y}, {x}, {dy}, {.create_graph = true})[0];
}

void convolution() {
  Tensor x = rand({2, 3, 8, 8}, with_grad), w = rand({4, 3, 3, 3}, with_grad),
         b = rand({4}, with_grad);
  Tensor y = conv2d(x, w, b, {.stride = 2, .padding = 1});
  Tensor dy = rand(y.sizes(), with_grad);
  viz::Names names = {{"x", x}, {"w", w}, {"dy", dy}};
  draw("conv2d_input_formula", formula(y, x, dy), {.names = names});
  draw("conv2d_weight_formula", formula(y, w, dy), {.names = names});
  draw("conv2d_bias_formula", formula(y, b, dy), {.names = names});
}

void pooling() {
  Tensor x = rand({2, 3, 8, 8}, with_grad), dy = rand({2, 3, 4, 4}, with_grad);
  viz::Names names = {{"x", x}, {"dy", dy}};
  draw("max_pool_formula", formula(max_pool2d(x, 2), x, dy), {.names = names});
  draw("avg_pool_formula", formula(avg_pool2d(x, 2), x, dy), {.names = names});
}

void shapes_and_activations() {
  Tensor x = rand({2, 4, 4, 4}, with_grad), dy = rand({2, 64}, with_grad);
  draw("flatten_formula", formula(x.flatten(1), x, dy), {.names = {{"x", x}, {"dy", dy}}});
  Tensor a = rand({64, 32}, with_grad), da = rand({64, 32}, with_grad);
  viz::Names names = {{"x", a}, {"dy", da}};
  draw("sigmoid_formula", formula(sigmoid(a), a, da), {.names = names});
  draw("relu_formula", formula(relu(a), a, da), {.names = names});
}

void dense_layer() {
  Tensor x = rand({64, 32}, with_grad), w = rand({33, 10}, with_grad),
         dy = rand({64, 10}, with_grad);
  FormulaGuard formulas;
  tensor_list gradients = grad({dense(x, w)}, {x, w}, {dy}, {.create_graph = true});
  viz::draw(gradients, folder + "/dense_formula.svg", {.names = {{"x", x}, {"w", w}, {"dy", dy}}});
}

void loss() {
  Tensor logits = rand({64, 10}, with_grad), target = one_hot(randint(10, {64}), 10).to(float32);
  Tensor dy = ones({}, with_grad);
  Tensor dx = formula(cross_entropy(logits, target), logits, dy);
  draw("softmax_cross_entropy_formula", dx,
       {.names = {{"logits", logits}, {"target", target}, {"dy", dy}}});
}

struct Net : nn::Layer<Net> {
  nn::Conv2d conv = register_module(
      "conv", nn::Conv2d({.in_channels = 1, .out_channels = 4, .kernel_size = 3, .padding = 1}));
  nn::Dense hidden = register_module("hidden", nn::Dense({.in_features = 64, .out_features = 32}));
  nn::Dense out = register_module("out", nn::Dense({.in_features = 32, .out_features = 10}));
  Tensor forward(const Tensor& x) {
    return out(relu(hidden(max_pool2d(relu(conv(x)), 2).flatten(1))));
  }
};

void network() {
  Net net;
  Tensor loss = cross_entropy(net(rand({64, 1, 8, 8})), randint(10, {64}));
  draw("network", loss, {.names = net});
  draw("network_backward", loss, {.names = net, .backward = true});
  draw("network_modules", loss, {.names = net, .modules = true, .left_to_right = true});
}

}  // namespace

int main(int count, char** arguments) {
  if (count > 1) folder = arguments[1];
  manual_seed(0);
  convolution();
  pooling();
  shapes_and_activations();
  dense_layer();
  loss();
  network();
}
