/*
 * The documented example, a child that maps into its parent, where ptrace() and
 * all that asks its right are forbidden to both processes: the parent serves.
 */
#include "service.h"

static void child_maps_into_its_parent(pid_t parent)
{
	unsigned char *there;
	int fd = memfd_create("object", MFD_CLOEXEC);
	CHECK(fd != -1 && ftruncate(fd, 4096) == 0);
	CHECK_MAPS(there, mmap_peer(parent, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, NOFD, 0));
	CHECK_OK(munmap_peer(parent, there, 4096));
	CHECK_MAPS(there, mmap_peer(parent, 0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0));
	CHECK_OK(munmap_peer(parent, there, 4096));
}

int main(void)
{
	pid_t parent = getpid(), pid;
	int status;

	forbid_tracing();
	CHECK_OK(mman_peer_serve());
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		child_maps_into_its_parent(parent);
		_exit(0);
	}
	CHECK(wait(&status) == pid && status == 0);

	/* It was not the kernel's leave: without the service the child is refused. */
	CHECK_OK(mman_peer_serve_stop());
	pid = fork();
	CHECK(pid != -1);
	if (pid == 0) {
		CHECK_MAP_FAILS(mmap_peer(parent, 0, 4096, PROT_READ, MAP_SHARED, NOFD, 0), EPERM);
		_exit(0);
	}
	CHECK(wait(&status) == pid && status == 0);
	return 0;
}
