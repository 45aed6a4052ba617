// ./run bench ops: every op of the registry on each of its samples, in float32, forward and with
// backward. The samples are small, so these rows show overhead more than speed.

#include <benchmark/benchmark.h>

#include "autograd/gradcheck/sample_inputs.h"
#include "autograd/graph/engine.h"
#include "autograd/graph/grad_mode.h"
#include "autograd/ops/registry.h"
#include "autograd/tensor/factories.h"

using namespace taper;

static void forward(benchmark::State& state, const Sample& sample) {
  NoGradGuard no_grad;
  tensor_list inputs = sample_inputs(sample, float32);
  for (auto _ : state) benchmark::DoNotOptimize(sample.run(inputs));
}

/// The outputs that have gradients, and the inputs that want them; empty where there are none.
struct Graph {
  tensor_list outputs, gradients, inputs;

  explicit Graph(const Sample& sample, const tensor_list& all_inputs) {
    for (const Tensor& y : sample.run(all_inputs))
      if (y.defined() && y.requires_grad()) {
        outputs.push_back(y);
        gradients.push_back(ones(y.sizes(), {.dtype = y.dtype()}));
      }
    for (const Tensor& x : all_inputs)
      if (x.requires_grad()) inputs.push_back(x);
  }
  bool any() const { return !outputs.empty() && !inputs.empty(); }
};

static void forward_and_backward(benchmark::State& state, const Sample& sample) {
  tensor_list inputs = sample_inputs(sample, float32);
  for (auto _ : state) {
    Graph graph(sample, inputs);
    benchmark::DoNotOptimize(
        grad(graph.outputs, graph.inputs, graph.gradients, {.allow_unused = true}));
  }
}

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (benchmark::ReportUnrecognizedArguments(argc, argv)) return 1;
  for (const OpEntry& op : registry())
    for (const Sample& sample : op.samples()) {
      std::string name =
          std::string(op.id) + (sample.label.empty() ? "" : "[" + sample.label + "]");
      auto run = [sample](benchmark::State& state) { forward(state, sample); };
      benchmark::RegisterBenchmark((name + "/forward").c_str(), run)->Unit(benchmark::kNanosecond);
      if (!Graph(sample, sample_inputs(sample, float32)).any()) continue;
      auto both = [sample](benchmark::State& state) { forward_and_backward(state, sample); };
      benchmark::RegisterBenchmark((name + "/with backward").c_str(), both);
    }
  benchmark::RunSpecifiedBenchmarks();
  benchmark::Shutdown();
}
