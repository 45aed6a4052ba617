#pragma once

namespace taper {

/// Threads that ops may use on the calling thread: OpenMP's number on the main thread, one on
/// threads that a program starts, unless they ask for more.
int get_num_threads();
void set_num_threads(int threads);

/// Whether ops on the calling thread give the same bits for every number of threads: convolutions
/// are then cut into parts by shapes alone, which makes some slower. Off by default; the
/// environment variable TAPER_DETERMINISTIC=1 turns it on from the start.
bool deterministic();
void deterministic(bool on);

}  // namespace taper
