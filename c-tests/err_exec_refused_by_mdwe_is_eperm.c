/*
 * A process that has denied itself memory both writable and executable
 * (PR_SET_MDWE) refuses such a map with EPERM, where mmap() says EACCES; and
 * EPERM is about the target, not about the caller.
 */
#include "target.h"
#ifndef PR_SET_MDWE
#define PR_SET_MDWE 65
#define PR_MDWE_REFUSE_EXEC_GAIN 1
#endif

static void deny_write_exec(void)
{
	if (prctl(PR_SET_MDWE, PR_MDWE_REFUSE_EXEC_GAIN, 0, 0, 0) == -1)
		check_skip("the kernel has no PR_SET_MDWE (6.3)");
}

static void test(struct target *t)
{
	int fd = memfd_of(1);
	unsigned char *a;
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, NOFD, 0), EPERM);
	MAP_FAILS_CLEANLY(t, mmap_peer(t->pid, NULL, PAGE, PROT_WRITE | PROT_EXEC, MAP_SHARED, fd, 0), EPERM);
	CHECK_MAPS(a, mmap_peer(t->pid, NULL, PAGE, PROT_READ | PROT_EXEC, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(t->pid, a, PAGE));
	close(fd);
}

static void denied_caller(void)
{
	struct target t = target_start(NULL);
	unsigned char *a;
	deny_write_exec();
	CHECK_MAPS(a, mmap_peer(t.pid, NULL, PAGE, PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE, NOFD, 0));
	CHECK_OK(munmap_peer(t.pid, a, PAGE));
	peer_dismiss(&t.peer);
}

static void only_look(void)
{
	deny_write_exec();
}

int main(void)
{
	in_child(only_look);	/* skips here, not in a peer */
	own_and_peer(deny_write_exec, test);
	in_child(denied_caller);
	return 0;
}
