// Stands in for the program's `internal-fetch`.
#include "reconciler/git/fetch_process.h"

int main() { return sluice::git::InternalFetchMain(); }
