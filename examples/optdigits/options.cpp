#include "examples/optdigits/options.h"

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <numeric>

/// Paths go into gnuplot's script, where a new line would end a command.
static std::string without_control_characters(const std::string& path) {
  for (char c : path)
    if (static_cast<unsigned char>(c) < ' ' || c == 0x7f)
      return "the folder's name has a control character; expected one without";
  return "";
}

/// A check that an option is a whole number, `least` or more.
static auto at_least(int64_t least) {
  return [least](const std::string& text) -> std::string {
    int64_t value = 0;
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error == std::errc() && end == text.data() + text.size() && value >= least) return "";
    return fmt::format("it is {}; expected a whole number, {} or more", text, least);
  };
}

Options parse_options(int argc, char** argv) {
  Options o;
  CLI::App app("Trains the report's network on the handwritten digits (UCI, 1998).");
  app.option_defaults()->always_capture_default();
  auto* seed = app.add_option("--seed", o.seed, "seed of the random numbers")->check(at_least(0));
  app.add_option("--seeds", o.seeds, "train with seeds 0..N-1, and give their mean")
      ->check(at_least(1))
      ->excludes(seed)
      ->default_str("");
  app.add_option("--epochs", o.epochs, "how often each image is seen")->check(at_least(1));
  app.add_option("--model", o.model, "the report's CNN, logistic regression or a hidden layer")
      ->check(CLI::IsMember({"report", "logistic", "mlp"}));
  app.add_option("--out", o.out, "folder for tables, pictures and weights")
      ->check(without_control_characters);
  try {
    app.parse(argc, argv);
  } catch (const CLI::ParseError& error) {
    std::exit(app.exit(error));
  }
  return o;
}

std::vector<uint64_t> seeds_of(const Options& options) {
  if (options.seeds == 0) return {options.seed};
  std::vector<uint64_t> seeds(size_t(options.seeds));
  std::iota(seeds.begin(), seeds.end(), uint64_t(0));
  return seeds;
}
