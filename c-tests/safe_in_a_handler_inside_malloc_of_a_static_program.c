/*
 * As safe_in_a_handler_inside_malloc_on_a_small_stack, for a program that has
 * the library inside.
 *
 * links: static
 */
#include "safe_in_a_handler_inside_malloc_on_a_small_stack.c"
