/*
 * As safe_no_heap_in_any_call, for a program that has the library inside.
 *
 * links: static
 */
#include "safe_no_heap_in_any_call.c"
