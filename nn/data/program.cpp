#include "nn/data/program.h"

#include "autograd/io/errno_text.h"
#include "autograd/tensor/error.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include <fcntl.h>
#include <spawn.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

namespace taper::data {
namespace {

using io::errno_text;

// What a program writes goes to memory: a pipe would have to be read while it runs.
class Capture {
 public:
  Capture() : file_(::memfd_create("output", MFD_CLOEXEC)) {
    if (file_ < 0) fail("memfd_create", "{}", errno_text(errno));
  }
  ~Capture() { ::close(file_); }
  Capture(const Capture&) = delete;
  Capture& operator=(const Capture&) = delete;

  int file() const { return file_; }

  std::string text() const {
    std::array<char, 4096> buffer;
    ssize_t size = ::pread(file_, buffer.data(), buffer.size(), 0);
    return {buffer.data(), static_cast<std::size_t>(std::max<ssize_t>(size, 0))};
  }

 private:
  int file_;
};

class SpawnSettings {
 public:
  SpawnSettings() {
    ::posix_spawn_file_actions_init(&actions);
    ::posix_spawnattr_init(&attributes);
  }
  ~SpawnSettings() {
    ::posix_spawn_file_actions_destroy(&actions);
    ::posix_spawnattr_destroy(&attributes);
  }
  SpawnSettings(const SpawnSettings&) = delete;
  SpawnSettings& operator=(const SpawnSettings&) = delete;

  // A program that uses Taper may have blocked signals, which a child would inherit.
  void unblock_signals() {
    sigset_t none;
    ::sigemptyset(&none);
    ::posix_spawnattr_setsigmask(&attributes, &none);
    ::posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGMASK);
  }

  posix_spawn_file_actions_t actions;
  posix_spawnattr_t attributes;
};

pid_t start(const std::vector<std::string>& words, const std::string& input,
            const std::string& folder, const Capture& output, const Capture& errors) {
  std::vector<char*> arguments;
  for (const std::string& word : words) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  SpawnSettings settings;
  settings.unblock_signals();
  auto* actions = &settings.actions;
  ::posix_spawn_file_actions_addopen(actions, 0, input.c_str(), O_RDONLY, 0);
  ::posix_spawn_file_actions_adddup2(actions, output.file(), 1);
  ::posix_spawn_file_actions_adddup2(actions, errors.file(), 2);
  if (!folder.empty()) ::posix_spawn_file_actions_addchdir_np(actions, folder.c_str());
  pid_t child = 0;
  int error = ::posix_spawnp(&child, arguments[0], actions, &settings.attributes, arguments.data(),
                             environ);
  if (error) fail(words[0], "cannot be run: {}", errno_text(error));
  return child;
}

// The kernel ends the child where it writes on beyond so many bytes of a file.
void limit_files(pid_t child, std::uint64_t most_bytes) {
  struct rlimit limit {
    most_bytes, most_bytes
  };
  ::prlimit(child, RLIMIT_FSIZE, &limit, nullptr);
}

// Its lines as one, without the program's name in front.
std::string one_line(const std::string& program, std::string text) {
  while (text.ends_with('\n')) text.pop_back();
  if (text.starts_with(program + ": ")) text.erase(0, program.size() + 2);
  for (std::size_t at = 0; (at = text.find('\n', at)) != text.npos;) text.replace(at, 1, "; ");
  return text;
}

}  // namespace

std::string run_program(const std::vector<std::string>& words, const std::string& input,
                        const std::string& folder, std::uint64_t most_bytes) {
  Capture output, errors;
  pid_t child = start(words, input, folder, output, errors);
  if (most_bytes) limit_files(child, most_bytes);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0)
    if (errno != EINTR) fail(words[0], "its exit status was lost: {}", errno_text(errno));
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return output.text();
  std::string reason = one_line(words[0], errors.text());
  if (WIFSIGNALED(status)) reason = fmt::format("ended by signal {}", WTERMSIG(status));
  if (most_bytes && WIFSIGNALED(status) && WTERMSIG(status) == SIGXFSZ)
    reason = fmt::format("wrote more than {} bytes", most_bytes);
  if (reason.empty()) reason = fmt::format("ended with code {}", WEXITSTATUS(status));
  fail(words[0], "{}", reason);
}

}  // namespace taper::data
