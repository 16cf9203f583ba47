// `job { … }`.
#pragma once

#include <optional>
#include <string_view>

#include "compiler/check/checker.h"

namespace sluice::check {

// What a clause of a job takes; kAny for a word that no job has.
const Type& JobItemType(std::string_view word);

// Its clauses, evaluated where the job was written. nullopt: reported.
std::optional<Job> ReadJob(const JobHandle& handle, const Reader& reader);

}  // namespace sluice::check
