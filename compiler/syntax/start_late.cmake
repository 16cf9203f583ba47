# The generated classes build their networks before `main`, and those are needed only where a plan has a mistake:
# makes their constructors do it instead. Later versions of the tool write it so themselves. DIRECTORY: theirs.
foreach(class PlanLexer PlanParser)
  file(READ ${DIRECTORY}/${class}.h header)
  file(READ ${DIRECTORY}/${class}.cpp source)
  string(REPLACE "static Initializer _init;" "static void Initialize();" header "${header}")
  string(REPLACE "${class}::Initializer ${class}::_init;"
                 "void ${class}::Initialize() {\n  static const Initializer once;\n}" source "${source}")
  string(REPLACE "{\n  _interpreter = new" "{\n  Initialize();\n  _interpreter = new" source "${source}")
  file(WRITE ${DIRECTORY}/${class}.h "${header}")
  file(WRITE ${DIRECTORY}/${class}.cpp "${source}")
endforeach()
