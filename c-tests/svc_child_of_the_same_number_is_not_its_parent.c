/*
 * The first process of a pid namespace serves, and comes to another often. Its
 * child, in a pid namespace of its own, has the same number. It has no part in what
 * is its parent's: it finds nobody by the other's number, and serves if it says so.
 */
#include "caller.h"
#include "service.h"
#include "user_namespace.h"
#include <sys/mount.h>

enum { OFTEN = 66 };	/* the 64th call asks for a desk */

/* A child that sees no parent in its namespace; peer_start() would. */
static int status_of_first(int (*body)(void))
{
	int status;
	pid_t pid;
	fflush(NULL);
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		_exit(body());
	}
	CHECK(waitpid(pid, &status, 0) == pid);
	return status;
}

static int first_of_its_own_too(void)
{
	struct sockaddr_un name;
	CHECK(getpid() == 1);
	CHECK_MAP_FAILS(mmap_peer(2, NULL, check_page(), READ_WRITE, PRIVATE_ANON, NOFD, 0), ESRCH);
	CHECK(unshare(CLONE_NEWNS) == 0);
	CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
	CHECK(thread_count(1) == 1);
	(void)service_name(&name, 1);
	errno = 0;
	if (mman_peer_serve() != 0) {
		/* Before Linux 6.9 a service is called by the pid, and its parent's listens. */
		CHECK(errno == EADDRINUSE && strcmp(name.sun_path + 1, "mman_peer/pid 1") == 0);
		return 0;
	}
	AWAIT(thread_count(1) == 3);
	CHECK_OK(mman_peer_serve_stop());
	AWAIT(thread_count(1) == 1);
	return 0;
}

static int first(void)
{
	struct peer target;
	CHECK(getpid() == 1);
	CHECK(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) == 0);
	CHECK(mount("proc", "/proc", "proc", 0, NULL) == 0);
	target = serving_peer();
	CHECK(target.pid == 2);
	for (int i = 0; i < OFTEN; i++)
		use_service(&target);
	CHECK_OK(mman_peer_serve());
	CHECK(unshare(CLONE_NEWPID) == 0);
	CHECK(status_of_first(first_of_its_own_too) == 0);
	use_service(&target);
	peer_dismiss(&target);
	return 0;
}

int main(void)
{
	if (geteuid() != 0) {
		if (!has_user_namespaces())
			check_skip("an ordinary user can make no user namespace here");
		enter_namespace_as(0);
	}
	CHECK(unshare(CLONE_NEWPID | CLONE_NEWNS) == 0);
	CHECK(status_of_first(first) == 0);
	return 0;
}
