/* compel.h: one map+unmap pair through CRIU's libcompel, in two ways. */
#ifndef BENCH_COMPEL_H
#define BENCH_COMPEL_H
#include <sys/types.h>

/* NULL if libcompel is built in, otherwise why it is not. */
const char *compel_missing(void);
/* As its own example does it: each call stops, prepares, calls, cures and resumes. */
int compel_pair(pid_t pid);
/* The least that it allows: nothing read from /proc, the place of the call looked up once. */
int compel_quick_pair(pid_t pid);

#endif
