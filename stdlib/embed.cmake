# Writes OUTPUT, a C++ file with the text of every FILE below ROOT. Run at build time: cmake -DROOT=… -DOUTPUT=…
# -DFILES=a.plan,b/c.plan -P embed.cmake
string(REPLACE "," ";" files "${FILES}")
set(body "")
foreach(file IN LISTS files)
  file(READ "${ROOT}/${file}" text)
  string(FIND "${text}" ")plan\"" clash)
  if(NOT clash EQUAL -1)
    message(FATAL_ERROR "${file} holds the end of a raw string of C++")
  endif()
  string(APPEND body "      {\"std/${file}\", R\"plan(${text})plan\"},\n")
endforeach()
file(WRITE "${OUTPUT}" "#include \"compiler/stdlib.h\"

namespace sluice {

const std::vector<StdlibFile>& StdlibFiles() {
  static const std::vector<StdlibFile> kFiles = {
${body}  };
  return kFiles;
}

}  // namespace sluice
")
