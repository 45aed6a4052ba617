#include "examples/optdigits/plots.h"

#include <fmt/format.h>

#include <cstdio>
#include <cstdlib>

#include <signal.h>
#include <sys/wait.h>

#include "nn/metrics/metrics.h"

using namespace taper;

static constexpr int64_t classes = data::digit_classes;

/// Single quotes, as gnuplot reads them.
static std::string quoted(const std::string& text) {
  std::string out = "'";
  for (char c : text) out += c == '\'' ? std::string("''") : std::string(1, c);
  return out + "'";
}

static std::string loss_script(const std::string& path, const std::vector<Epoch>& history) {
  std::string data = "$losses << END\n";
  for (size_t i = 0; i < history.size(); ++i)
    data += fmt::format("{} {}\n", i + 1, history[i].loss);
  return data + "END\n" +
         fmt::format(R"(
set terminal svg size 640,420 font 'DejaVu Sans,13' background 'white'
set output {}
set title 'Training loss'
set xlabel 'epoch'
set ylabel 'mean cross entropy of the images'
set xrange [0.5:{}]
set yrange [0:*]
set grid
unset key
plot $losses with linespoints linewidth 2 pointtype 7 pointsize 0.6 linecolor '#1f77b4'
unset output
)",
                     quoted(path), double(history.size()) + 0.5);
}

static std::string confusion_script(const std::string& path, const Tensor& logits,
                                    const Tensor& labels) {
  Tensor matrix = metrics::confusion_matrix(logits, labels, classes);
  std::string data = "$counts << END\n";
  for (int64_t i = 0; i < classes; ++i)
    for (int64_t j = 0; j < classes; ++j)
      data += fmt::format("{} {} {}\n", j, i, matrix.data_ptr<int64_t>()[i * classes + j]);
  return data + "END\n" +
         fmt::format(R"(
reset
set terminal svg size 560,520 font 'DejaVu Sans,13' background 'white'
set output {}
set title 'Test images: digit and how it was read'
set xlabel 'read as'
set ylabel 'digit'
set xrange [-0.5:9.5]
set yrange [9.5:-0.5]
set xtics 0,1,9
set ytics 0,1,9
unset key
unset colorbox
set palette defined (0 'white', 1 '#cfe1f2', 40 '#6baed6', 200 '#08519c')
set logscale cb
set cbrange [0.5:200]
plot $counts using 1:2:($3 > 0 ? $3 : 0.5) with image pixels, \
     $counts using 1:2:(sprintf('%d', $3)):($3 > 60 ? 0xffffff : $3 > 0 ? 0x000000 : 0xbbbbbb) \
     with labels textcolor rgb variable
unset output
)",
                     quoted(path));
}

/// Runs gnuplot; returns what is wrong, or nothing.
static std::string run_gnuplot(const std::string& script) {
  if (std::system("command -v gnuplot >/dev/null 2>&1") != 0)
    return "gnuplot is not installed (Debian: gnuplot-nox)";
  auto before = ::signal(SIGPIPE, SIG_IGN);  // gnuplot may end before it has read all
  std::FILE* gnuplot = ::popen("gnuplot", "w");
  if (gnuplot) fmt::print(gnuplot, "{}", script);
  int status = gnuplot ? ::pclose(gnuplot) : -1;
  ::signal(SIGPIPE, before);
  if (status == 0) return "";
  if (status < 0) return "gnuplot cannot be started";
  return WIFSIGNALED(status) ? fmt::format("gnuplot ended by signal {}", WTERMSIG(status))
                             : fmt::format("gnuplot ended with code {}", WEXITSTATUS(status));
}

std::vector<std::string> plot(const std::string& folder, const std::vector<Epoch>& history,
                              const Tensor& logits, const Tensor& labels) {
  std::string loss = folder + "/loss.svg", confusion = folder + "/confusion.svg";
  std::string problem =
      run_gnuplot(loss_script(loss, history) + confusion_script(confusion, logits, labels));
  if (problem.empty()) return {"loss.svg", "confusion.svg"};
  fmt::print(stderr, "optdigits: no loss.svg and confusion.svg: {}\n", problem);
  return {};
}
