#pragma once

namespace taper {

struct ModulePath;

/// The modes of one thread, in one trivially destructible object (a thread starts with these
/// defaults).
struct ThreadState {
  bool grad_enabled = true;
  bool inference = false;
  bool formulas = false;  ///< backward runs the documented formulas instead of their fast twins
  bool tracks_memory = false;  ///< new storages are booked on the op that makes them
  const ModulePath* path = nullptr;

  /// Whether ops are recorded: never in inference mode, whatever guards are inside.
  bool recording() const { return grad_enabled && !inference; }
};

extern thread_local constinit ThreadState thread_state;

}  // namespace taper
