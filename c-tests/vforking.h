/*
 * vforking.h: a thread that waits in vfork(2) until its child is dismissed. It
 * sleeps uninterruptibly and cannot be stopped meanwhile.
 */
#ifndef VFORKING_H
#define VFORKING_H
#include "disturb.h"

/* The child waits for the word; it dies with the thread's process. */
static inline void wait_in_vfork(atomic_int *dismissed)
{
	static pid_t parent;
	pid_t child;
	int status;
	parent = getpid();
	/* SYS_vfork by hand would return twice into one frame; glibc's copes. */
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wdeprecated-declarations"
	child = vfork();
#pragma GCC diagnostic pop
	if (child == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		while (!*dismissed && getppid() == parent)
			usleep(1000);
		_exit(3);
	}
	CHECK(child > 0);
	CHECK(waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 3);
}

#endif
