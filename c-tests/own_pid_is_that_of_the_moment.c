/*
 * Which process is the own one is asked in each call: after fork(), and
 * after a fork that bypasses the C library, the child's pid is the child's own
 * and the parent's is another process's.
 */
#include "target.h"

static void child_maps(pid_t parent)
{
	unsigned char *mine, *theirs;
	struct target up = { .pid = parent }, self = { .pid = (pid_t)syscall(SYS_getpid), .own = 1 };

	CHECK_MAPS(mine, mmap_peer(self.pid, NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
	mine[0] = 1;
	CHECK_RANGE(&self, mine, PAGE, "rw-s");
	CHECK_OK(munmap_peer(self.pid, mine, PAGE));
	/* At an address that is free in both: it must turn up in the parent alone. */
	CHECK_MAPS(theirs, mmap_peer(parent, NULL, 64 * PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, NOFD, 0));
	CHECK_RANGE(&up, theirs, 64 * PAGE, "r-xs");
	CHECK(range_held(self.pid, theirs, 64 * PAGE, "r-xs") == 0);
	CHECK_OK(munmap_peer(parent, theirs, 64 * PAGE));
	CHECK_RANGE_FREE(&up, theirs, 64 * PAGE);
}

static void after(pid_t (*make_child)(void))
{
	pid_t parent = getpid(), child;
	int status;
	target_warm_up(&(struct target){ .pid = parent, .own = 1 });	/* a pid kept from here would be wrong there */
	child = make_child();
	CHECK(child != -1);
	if (child == 0) {
		child_maps(parent);
		_exit(0);
	}
	CHECK(waitpid(child, &status, 0) == child);
	CHECK(status == 0);
}

static pid_t raw_fork(void)
{
#ifdef SYS_fork
	return (pid_t)syscall(SYS_fork);
#else
	return (pid_t)syscall(SYS_clone, SIGCHLD, 0, 0, 0, 0);
#endif
}

int main(void)
{
	after(fork);
	after(raw_fork);
	return 0;
}
