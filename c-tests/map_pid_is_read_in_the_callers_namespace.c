/*
 * A pid means what it means to the caller: in a pid namespace of its own,
 * a low one is a process of the namespace, its own pid 1 is the caller, and pids
 * of outside are nobody.
 *
 * runs-as: root
 */
#include "target.h"
#include <sched.h>
#include <sys/mount.h>

static pid_t outside;

static void inside(void)
{
	struct target t = { 0 }, own = { .pid = 1, .own = 1 };
	CHECK(getpid() == 1);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
	t = target_start(NULL);
	CHECK(t.pid < 10);
	CHECK(free_range(&t, PAGE) != NULL);
	CHECK(free_range(&own, PAGE) != NULL);
	CHECK_MAP_FAILS(mmap_peer(outside, NULL, PAGE, PROT_READ, MAP_SHARED, NOFD, 0), ESRCH);
	CHECK_UNMAP_FAILS(munmap_peer(outside, (void *)0x10000, PAGE), ESRCH);
	peer_dismiss(&t.peer);
}

int main(void)
{
	struct target bystander = target_start(NULL);
	outside = bystander.pid;
	if (outside < 10)
		check_skip("pids here are too low to tell inside from outside");
	if (unshare(CLONE_NEWPID | CLONE_NEWNS) == -1)
		check_skip("no new pid namespace: %s", strerror(errno));
	/* getppid() is 0 for the first process of a namespace: no in_child() here. */
	pid_t child = fork();
	int status;
	if (child == 0) {
		inside();
		_exit(0);
	}
	CHECK(child != -1 && waitpid(child, &status, 0) == child);
	CHECK(status == 0);
	peer_dismiss(&bystander.peer);
	return 0;
}
