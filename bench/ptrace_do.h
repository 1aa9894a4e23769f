/*
 * ptrace_do.h: pairs by the crate ptrace-do (bench/ptrace-do), which runs as a
 * program of its own and times itself.
 */
#ifndef BENCH_PTRACE_DO_H
#define BENCH_PTRACE_DO_H
#include "bench.h"

static FILE *ptrace_do_in, *ptrace_do_out;
static pid_t ptrace_do_pid;

/* NULL if it runs, otherwise why not. */
static inline const char *ptrace_do_start(void)
{
	const char *program = getenv("BENCH_PTRACE_DO");
	int to[2], from[2];
	if (program == NULL || access(program, X_OK) != 0)
		return "missing here (needs cargo and crates.io)";
	if (pipe(to) != 0 || pipe(from) != 0 || (ptrace_do_pid = fork()) == -1)
		die("ptrace-do");
	if (ptrace_do_pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		dup2(to[0], 0);
		dup2(from[1], 1);
		close(to[1]);
		close(from[0]);
		execl(program, program, (char *)NULL);
		_exit(1);
	}
	close(to[0]);
	close(from[1]);
	ptrace_do_in = fdopen(to[1], "w");
	ptrace_do_out = fdopen(from[0], "r");
	return NULL;
}

/* So many pairs in a target that was forked from this process: libc lies where it lies here. */
static inline int ptrace_do_pairs(pid_t pid, int count, struct samples *all)
{
	char line[64];
	fprintf(ptrace_do_in, "%d %lx %lx %d\n", (int)pid, (unsigned long)(uintptr_t)mmap, (unsigned long)(uintptr_t)munmap, count);
	fflush(ptrace_do_in);
	while (count-- > 0) {
		if (fgets(line, sizeof line, ptrace_do_out) == NULL)
			return -1;
		if (all != NULL)
			sample(all, atof(line));
	}
	return 0;
}

#endif
