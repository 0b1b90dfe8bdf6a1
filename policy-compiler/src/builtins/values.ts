/** Signatures: comparison, numbers, collections, types. */
export const COMPARISON = `
eq(any, any) -> boolean
equal(any, any) -> boolean
neq(any, any) -> boolean
lt(any, any) -> boolean
lte(any, any) -> boolean
gt(any, any) -> boolean
gte(any, any) -> boolean
internal.member_2(any, any) -> boolean
internal.member_3(any, any, any) -> boolean
`;

export const NUMBERS = `
plus(number, number) -> number
minus(number | set, number | set) -> number | set
mul(number, number) -> number
div(number, number) -> number
rem(number, number) -> number
abs(number) -> number
ceil(number) -> number
floor(number) -> number
round(number) -> number
format_int(number, number) -> string
numbers.range(number, number) -> array<number>
numbers.range_step(number, number, number) -> array<number>
rand.intn(string, number) -> number : nondeterministic
bits.and(number, number) -> number
bits.or(number, number) -> number
bits.xor(number, number) -> number
bits.negate(number) -> number
bits.lsh(number, number) -> number
bits.rsh(number, number) -> number
`;

export const COLLECTIONS = `
count(string | array | object | set) -> number
sum(array<number> | set<number>) -> number
product(array<number> | set<number>) -> number
max(array | set) -> any
min(array | set) -> any
sort(array | set) -> array
all(array | set) -> boolean : deprecated
any(array | set) -> boolean : deprecated
array.concat(array, array) -> array
array.flatten(array) -> array
array.reverse(array) -> array
array.slice(array, number, number) -> array
and(set, set) -> set
or(set, set) -> set
set_diff(set, set) -> set : deprecated
intersection(set<set>) -> set
union(set<set>) -> set
object.filter(object, array | object | set) -> object
object.get(object, any, any) -> any
object.keys(object) -> set
object.remove(object, array | object | set) -> object
object.subset(array | object | set, array | object | set) -> boolean
object.union(object, object) -> object
object.union_n(array<object>) -> object
graph.reachable(object<any, array | set>, array | set) -> set
graph.reachable_paths(object<any, array | set>, array | set) -> set<array>
walk(any) -> [array, any] : relation
`;

export const TYPES = `
is_array(any) -> boolean
is_boolean(any) -> boolean
is_null(any) -> boolean
is_number(any) -> boolean
is_object(any) -> boolean
is_set(any) -> boolean
is_string(any) -> boolean
type_name(any) -> string
to_number(null | boolean | number | string) -> number
cast_array(any) -> array : deprecated
cast_boolean(any) -> boolean : deprecated
cast_null(any) -> null : deprecated
cast_object(any) -> object : deprecated
cast_set(any) -> set : deprecated
cast_string(any) -> string : deprecated
`;
