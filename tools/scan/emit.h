// emit(...): the function by which a program of scan writes a record.
//
//   emit()                 the record as it is; in JSON, an array of its fields
//   emit(a, b, …)          values: texts, numbers, booleans, nil
//   emit{a, b, …}          the same
//   emit{name = value, …}  an object, which only JSON has; names in order
//
// JSON also takes tables as values.
#pragma once

#include <lua.hpp>

namespace emilua::scan {

// Upvalues: input and output.
int emit(lua_State* L);

}  // namespace emilua::scan
