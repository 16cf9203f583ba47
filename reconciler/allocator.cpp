// What jemalloc is told in programs that hold a cluster's objects: huge pages. The objects are read in the order in
// which their changes come, each time from memory that no cache has; with small pages each such read also walks the
// page table, a quarter of the time at 1,000 rollouts. One arena and short-lived leftovers: all but all of it is done
// by one thread, and a pod that has nothing to do should be small. MALLOC_CONF in the environment has the last word.
extern "C" {
extern const char* const malloc_conf;  // NOLINT(readability-identifier-naming): jemalloc's name for it
const char* const malloc_conf =
    "thp:always,metadata_thp:auto,narenas:1,dirty_decay_ms:1000,muzzy_decay_ms:0,background_thread:true";
}
