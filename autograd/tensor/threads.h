#pragma once

namespace taper {

/// Threads that ops may use on the calling thread: OpenMP's number on the main thread, one on
/// threads that a program starts, unless they ask for more.
int get_num_threads();
void set_num_threads(int threads);

}  // namespace taper
