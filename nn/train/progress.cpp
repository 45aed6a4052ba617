#include "nn/train/progress.h"

#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>

namespace taper::nn {

static int64_t now_ms() {
  auto now = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::milliseconds>(now).count();
}

Progress::Progress(std::string title, int64_t steps, std::FILE* out)
    : title_(std::move(title)), steps_(steps), out_(out), shown_(::isatty(::fileno(out)) == 1) {}

Progress::~Progress() {
  if (!shown_) return;
  fmt::print(out_, "\r\033[K");
  std::fflush(out_);
}

void Progress::step(const std::string& note) {
  ++done_;
  constexpr int64_t pause_ms = 50;
  if (!shown_ || (done_ < steps_ && now_ms() - drawn_at_ < pause_ms)) return;
  drawn_at_ = now_ms();
  draw(note);
}

void Progress::draw(const std::string& note) {
  constexpr int64_t width = 30;
  int64_t full = steps_ > 0 ? std::min(width, width * done_ / steps_) : width;
  fmt::print(out_, "\r\033[K{} [{:=<{}}{:<{}}] {}/{} {}", title_, "", full, "", width - full, done_,
             steps_, note);
  std::fflush(out_);
}

}  // namespace taper::nn
